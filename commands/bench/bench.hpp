#pragma once
#include "commands/bench/events.hpp"
#include "commands/bench/figures.hpp"
#include "commands/bench/instance.hpp"
#include "commands/bench/processes.hpp"
#include "commands/bench/scrape.hpp"
#include "commands/progress.hpp"

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace agentmon::bench {

/// Batches of so many events from so many connections.
struct post_kind {
  size_t batch = 0, connections = 0;
};

/// What the command line asks for.
struct bench_plan {
  size_t events = 1'000'000;
  std::chrono::milliseconds time{3'000}; ///< of each phase that goes by time
  std::set<std::string> phases;
  std::vector<post_kind> posts;
  bool as_json = false;
};

/// What all phases work with.
class test_bench {
public:
  test_bench(instance system, progress_line& progress) : node{std::move(system)}, line{progress} {}

  instance node;
  event_source events;
  progress_line& line;
  size_t acked = 0; ///< events of all phases so far

  /// Waits until the node says that all that was acked is stored, and gives when the last event was there:
  /// fault::corrupt when no more come.
  result<steady::time_point> wait_until_stored();

  /// Lets PostgreSQL count, and gives how many events there are more than before: fault::corrupt when not all that was
  /// acked are there.
  result<size_t> count_stored();

  /// Waits until the system has nothing left to do (indexing, vacuum), at most limits::bench_rest_timeout.
  result<void> rest();

private:
  size_t stored_ = 0;
};

} // namespace agentmon::bench
