#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// At its start it catches up with what an earlier life left unindexed.
indexer_actor spawn_indexer(caf::actor_system&, node_context&);

} // namespace agentmon
