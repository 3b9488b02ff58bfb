#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace agentmon::monitor {

/// How far SSH came. Each is told apart, because each asks for something else to be done.
enum class reach : uint8_t {
  unknown,          ///< not tried
  reached,          ///< the probe ran to its end
  refused,          ///< nobody listens on that port
  unreachable,      ///< no such host, no route, or it does not answer
  silent,           ///< connected, but it did not go on in time: frozen or overloaded
  not_ssh,          ///< what answers is not an SSH server that we can talk to (no common algorithms, too)
  host_key_unknown, ///< known_hosts does not name the host
  host_key_changed, ///< known_hosts names another key: another machine, or somebody in between
  key_refused,      ///< it does not take our key
  key_unreadable,   ///< our own key or known_hosts cannot be read
  probe_failed,     ///< the probe did not run to its end
};

/// A mounted file system of the guest, in bytes.
struct file_system {
  std::string mounted_at;
  uint64_t total = 0;
  uint64_t available = 0;
};

/// Counters of one interface of the guest since it was booted.
struct interface_counters {
  std::string name;
  uint64_t received = 0; ///< bytes
  uint64_t sent = 0;
};

/// The gateway's unit as systemd sees it.
struct unit_view {
  std::string load_state; ///< loaded; not-found when there is none
  std::string active_state;
  std::string sub_state;
  std::string result;
  std::optional<uint64_t> restarts; ///< by systemd, since it was loaded
};

/// One machine as the guest probe (monitor/probe.sh) sees it from inside: raw counters. Absent is unknown.
struct inside_view {
  std::chrono::steady_clock::time_point taken; ///< when its answer came
  std::string host;
  std::string system; ///< name and version of the operating system
  std::string kernel;
  std::string boot_id; ///< another one after each boot
  std::optional<double> uptime_seconds;
  std::optional<int64_t> clock; ///< the guest's, in seconds since 1970
  std::optional<double> load_1, load_5, load_15;
  std::optional<uint64_t> cpu_busy, cpu_total; ///< ticks of all processors together
  std::optional<uint32_t> processors;
  std::optional<uint64_t> memory_total, memory_available, swap_total, swap_free; ///< bytes
  std::optional<double> pressure_cpu, pressure_memory, pressure_io;              ///< % of the last 10 s, "some"
  std::vector<file_system> disks;
  std::vector<interface_counters> networks;
  std::optional<unit_view> unit; ///< absent: no systemd, or it did not answer
  std::optional<uint32_t> gateway_processes;
  std::optional<uint64_t> gateway_resident;  ///< bytes
  std::optional<uint32_t> gateway_listeners; ///< sockets that listen on the gateway's port
  std::optional<bool> gateway_public;        ///< one of them on more than loopback
  std::string agent_version;                 ///< of OpenClaw; empty: unknown
  std::vector<std::string> log_lines;        ///< warnings and errors of the last ten minutes, secrets redacted
  std::optional<uint32_t> log_errors;        ///< in the tail of OpenClaw's own log
};

/// What came of one visit.
struct inside_reading {
  reach how = reach::unknown;
  std::string reason;              ///< in words that a user can act on; empty when reached
  std::optional<inside_view> view; ///< when reached
};

} // namespace agentmon::monitor
