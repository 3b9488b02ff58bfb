#pragma once
#include "actors/poller.hpp"

namespace agentmon {

/// Watches the registry that the settings name. While the file is broken the fleet stays as it was; without a file it
/// is empty. Either is told in the log and under "registry" of /readyz. Where another monitor may look at the same
/// machines, only those are looked at that `leases` grants, as long as it does.
fleet_actor spawn_fleet(caf::actor_system&, node_context&, std::shared_ptr<machine_eyes>, gate_actor, leases_actor);

} // namespace agentmon
