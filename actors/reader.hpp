#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Connects to PostgreSQL by itself when it is asked something.
reader_actor spawn_reader(caf::actor_system&, node_context&);

} // namespace agentmon
