#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Pulls for these writers. Connects by itself; keeps what PostgreSQL does not take, within limits::pull_window_bytes.
puller_actor spawn_puller(caf::actor_system&, node_context&, writer_actor);

} // namespace agentmon
