#pragma once
#include "commands/bench/figures.hpp"

#include <map>
#include <stop_token>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace agentmon::bench {

/// Measures what the processes of an instance and this one cost from its construction until finish(), by /proc; the
/// memory's peak by looking every limits::bench_memory_look on a thread of its own, which tells on standard error each
/// minute what there is.
class cost_meter {
public:
  /// `node` is the instance's agentmon, whose children are its servers.
  explicit cost_meter(pid_t node);
  cost_meter(const cost_meter&) = delete;
  cost_meter& operator=(const cost_meter&) = delete;

  /// agentmon, nats-server, PostgreSQL (all of its processes) and bench, in this order.
  std::vector<process_cost> finish();

private:
  struct reading {
    double cpu_seconds = 0;
    uint64_t memory_bytes = 0;
  };
  std::map<std::string, reading> read() const;
  void watch(const std::stop_token&);
  static void tell_memory(const std::map<std::string, reading>&);

  pid_t node_;
  std::map<std::string, reading> begin_;
  std::map<std::string, uint64_t> peaks_; ///< of the watcher, until it has ended
  std::jthread watcher_;
};

/// CPU seconds that the instance and its servers have used so far.
double cpu_seconds_of(pid_t node);

} // namespace agentmon::bench
