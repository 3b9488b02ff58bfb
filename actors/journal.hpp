#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Opens the journal in the data folder; while that fails it refuses batches and tries again.
journal_actor spawn_journal(caf::actor_system&, node_context&);

} // namespace agentmon
