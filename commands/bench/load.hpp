#pragma once
#include "commands/bench/events.hpp"
#include "commands/bench/figures.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/failure.hpp"

#include <chrono>
#include <functional>
#include <optional>

namespace agentmon::bench {

/// How to post: until the time is over or so many events are sent.
struct load_plan {
  size_t batch = 1;
  size_t connections = 1;
  std::optional<std::chrono::milliseconds> time;
  std::optional<size_t> events;
  std::function<timestamp(size_t sent)> clock; ///< when the next batch happened; empty: now
};

/// Posts as fast as the gateway answers. Returns when every request is answered, with the figures of the posts alone
/// (nothing of the store, no cost). `tick` is told now and then how many events were acked. fault::stopping: an
/// interrupt was requested; else what went wrong, an answer that is neither 202 nor "come again" included.
result<load_figures> run_load(const endpoint& gateway, event_source&, const load_plan&,
                              const std::function<void(size_t acked)>& tick);

} // namespace agentmon::bench
