#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

#include <caf/fwd.hpp>

namespace agentmon {

/// Readers and broadcaster are those of role query, the fleet is the one of role monitor; invalid without it.
operations_actor spawn_operations(caf::actor_system&, node_context&, reader_actor, broadcaster_actor, fleet_actor);

} // namespace agentmon
