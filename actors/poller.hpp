#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "monitor/hypervisors.hpp"
#include "monitor/verdict.hpp"
#include "monitor/visits.hpp"

#include <memory>

namespace agentmon {

/// The eyes that all pollers of a node share. Outlives them.
struct machine_eyes {
  monitor::hypervisors hypervisors;
  monitor::visits visits;
};

/// Looks after one machine.
struct poller_task {
  monitor::instance about;
  std::shared_ptr<machine_eyes> eyes;
  monitor::judged past; ///< what was remembered of it
  fleet_actor fleet;    ///< is told what to remember
  gate_actor gate;      ///< gets its events
};
poller_actor spawn_poller(caf::actor_system&, node_context&, poller_task);

} // namespace agentmon
