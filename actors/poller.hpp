#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "monitor/hypervisors.hpp"
#include "monitor/verdict.hpp"
#include "monitor/visits.hpp"

#include <atomic>
#include <chrono>
#include <memory>

namespace agentmon {

/// The eyes that all pollers of a node share. Outlives them.
struct machine_eyes {
  monitor::hypervisors hypervisors;
  monitor::visits visits;
};

/// The right to look at a machine, which may end at any moment: a monitor that was frozen, or cut off, must not look
/// once more when it wakes up. Safe from any thread.
class right_to_look {
public:
  using clock = std::chrono::steady_clock;

  void until(clock::time_point end) { until_ = end.time_since_epoch().count(); }
  bool holds(clock::time_point at = clock::now()) const { return at.time_since_epoch().count() < until_; }

private:
  std::atomic<clock::rep> until_{0};
};

/// Looks after one machine.
struct poller_task {
  monitor::instance about;
  std::shared_ptr<machine_eyes> eyes;
  monitor::judged past;                       ///< what was remembered of it
  fleet_actor fleet;                          ///< is told what to remember
  gate_actor gate;                            ///< gets its events
  std::shared_ptr<const right_to_look> right; ///< it looks only while this holds; absent: always
};
poller_actor spawn_poller(caf::actor_system&, node_context&, poller_task);

} // namespace agentmon
