#pragma once
#include "protocol/fold.hpp"
#include "store/connection.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace agentmon::store {

/// The figures of a snapshot, by their keys in its payload, which are the columns of vm_samples, too.
constexpr std::array<const char*, 11> snapshot_figures{"cpu_percent",
                                                       "memory_used_bytes",
                                                       "memory_total_bytes",
                                                       "disk_used_bytes",
                                                       "disk_total_bytes",
                                                       "network_rx_bytes_per_second",
                                                       "network_tx_bytes_per_second",
                                                       "disk_read_bytes_per_second",
                                                       "disk_write_bytes_per_second",
                                                       "load1",
                                                       "uptime_seconds"};

/// One reading of a virtual machine: an event of type openclaw.snapshot.
struct snapshot {
  std::string vm; ///< payload.name, else source.host, else source.client_id, else "unknown"
  event_key key;
  std::string state;                   ///< payload.state; "unknown" when it says none
  std::optional<std::string> verdict;  ///< payload.verdict, when it is one of the four
  std::optional<timestamp> told_since; ///< payload.since
  std::string issues;                  ///< payload.issues as JSON text of an array
  std::string payload;                 ///< JSON text
  std::array<std::optional<double>, snapshot_figures.size()> figures{};
};

bool is_snapshot(const event&);
snapshot snapshot_of(const event&);

/// What marks some samples of a machine: that its state or its verdict was another in the one before, or that it was
/// booted meanwhile, which shows when its uptime is less than in the one before that tells it.
struct mark_counts {
  int64_t changes = 0;
  int64_t verdicts = 0;
  int64_t restarts = 0;
};
mark_counts marks_of(const std::vector<const snapshot*>& ordered);

/// Since when the machine has been in the state of its latest snapshot, as its snapshots show it: the time of the first
/// one of that state with no other state after it. `ordered` by key, not empty.
timestamp in_state_since(const std::vector<const snapshot*>& ordered);

/// A machine as /v1/vms shows it.
struct shown_machine {
  std::string name;
  std::string json;
};

/// These machines, or with nullptr all of them, by name.
result<std::vector<shown_machine>> read_machines(connection&, const std::vector<std::string>* names);

/// Adds new snapshots to vm_samples and vms, within the caller's transaction. The caller holds the fold lock.
result<void> save(connection&, std::vector<snapshot>);

/// Removes the samples before this time, and machines that have no snapshot since; those that stay are as if it were
/// their beginning. Within the caller's transaction; nobody else writes them.
result<void> forget_machines_before(connection&, timestamp);

} // namespace agentmon::store
