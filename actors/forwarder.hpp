#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

#include <caf/fwd.hpp>

namespace agentmon {

forwarder_actor spawn_forwarder(caf::actor_system&, node_context&, journal_actor);

} // namespace agentmon
