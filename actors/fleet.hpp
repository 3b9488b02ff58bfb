#pragma once
#include "actors/poller.hpp"

namespace agentmon {

/// Watches the registry that the settings name. While the file is broken the fleet stays as it was; without a file it
/// is empty. Either is told in the log and under "registry" of /readyz.
fleet_actor spawn_fleet(caf::actor_system&, node_context&, std::shared_ptr<machine_eyes>, gate_actor);

} // namespace agentmon
