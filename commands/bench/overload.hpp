#pragma once
#include "commands/bench/events.hpp"
#include "commands/bench/figures.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/failure.hpp"

#include <chrono>
#include <functional>

namespace agentmon::bench {

/// How to post more than can be taken.
struct overload_plan {
  size_t batch = large_batch;
  size_t connections = 1; ///< at most so many posts wait for their answer at a time
  double per_second = 0;  ///< events that are offered
  std::chrono::milliseconds time{};
};

/// Posts by the clock, whether earlier posts are answered or not (an open loop), as far as there are connections; what
/// was refused is not kept, its connection sends the same body again when it is due. Returns when every request is
/// answered, with the figures of the posts alone. `tick` is told now and then how many events were acked.
/// fault::stopping: an interrupt was requested; else what went wrong, an answer that is neither 202 nor 503 included.
result<overload_figures> run_overload(const endpoint& gateway, event_source&, const overload_plan&,
                                      const std::function<void(size_t acked)>& tick);

} // namespace agentmon::bench
