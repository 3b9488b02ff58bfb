#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

#include <caf/fwd.hpp>

namespace agentmon {

/// Tells this node's broadcaster, if it has one, and those of all other query nodes; who is away is not told later.
viewers_actor spawn_relay(caf::actor_system&, node_context&, broadcaster_actor here);

} // namespace agentmon
