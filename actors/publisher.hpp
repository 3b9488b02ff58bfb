#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Publishes what the journal holds, from its first uncommitted record on. Connects by itself, for as long as it takes.
publisher_actor spawn_publisher(caf::actor_system&, node_context&, journal_actor);

} // namespace agentmon
