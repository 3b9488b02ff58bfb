#pragma once
#include "commands/bench/figures.hpp"

#include <string>

namespace agentmon::bench {

/// All that a run has measured; what was not asked for is empty.
struct bench_result {
  size_t events = 0;      ///< that were to be filled in
  size_t event_bytes = 0; ///< of one, on average
  ceilings ceiling;
  std::vector<load_figures> loads;
  std::vector<overload_figures> overloads;
  std::vector<viewer_figures> viewers;
  size_t events_queried = 0; ///< that were stored when the queries were measured
  std::vector<query_figures> queries;
  phase_cost query_cost; ///< of all queries together
};

/// Tables for people. Every figure with its ratio to its ceiling: posts to JetStream, stored events to COPY.
std::string as_tables(const bench_result&);

/// The same as one JSON object, rates in events a second, times in milliseconds.
std::string as_json(const bench_result&);

} // namespace agentmon::bench
