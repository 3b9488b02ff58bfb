#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Starts what the settings name no server for, tells the node's endpoints where it is, and keeps it running.
services_actor spawn_services(caf::actor_system&, node_context&);

} // namespace agentmon
