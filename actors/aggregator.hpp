#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// `viewers` may be an invalid handle: a node without the query role tells nobody.
aggregator_actor spawn_aggregator(caf::actor_system&, node_context&, viewers_actor viewers);

} // namespace agentmon
