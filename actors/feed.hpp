#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Connects by itself, for as long as it takes.
feed_actor spawn_feed(caf::actor_system&, node_context&, broadcaster_actor);

} // namespace agentmon
