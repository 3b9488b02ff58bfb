#pragma once
#include "commands/bench/events.hpp"
#include "commands/bench/figures.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/failure.hpp"

#include <chrono>

namespace agentmon::bench {

/// How to look on: so many viewers, each of which gets every event, while so many single events a second are posted.
struct viewer_plan {
  size_t viewers = 1;
  size_t events_per_second = 1000;
  std::chrono::milliseconds time{};
};

/// Posts by the clock, whether earlier posts are answered or not (an open loop), and counts each time from the moment
/// at which the event was due: what waits counts as waiting. Gives the figures without what the store did and the cost.
/// fault::stopping: an interrupt was requested.
result<viewer_figures> run_viewers(const endpoint& gateway, const endpoint& query, event_source&, const viewer_plan&);

} // namespace agentmon::bench
