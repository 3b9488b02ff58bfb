#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Connects to PostgreSQL by itself and brings its schema up to date.
writer_actor spawn_writer(caf::actor_system&, node_context&, aggregator_actor, indexer_actor);

} // namespace agentmon
