#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Tickets that the journal does not answer within limits::sync_timeout fail with fault::timeout.
gate_actor spawn_gate(caf::actor_system&, node_context&, journal_actor);

} // namespace agentmon
