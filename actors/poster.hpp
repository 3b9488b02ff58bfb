#pragma once
#include "http/exchange.hpp"
#include "protocol/failure.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace agentmon {

/// Somebody who waits for the outcome of one batch, and is told exactly once: by settle, or, when the last copy is gone
/// without that (an actor that held it has ended), that it is unavailable. Goes from actor to actor; one at a time may
/// use it.
class poster {
public:
  /// Gets the number of events accepted, or why there are none; what goes back over HTTP joins `answers`.
  using tell = std::function<void(const result<uint64_t>&, answers&)>;

  explicit poster(tell told) : waiting_{std::make_shared<waiting>(std::move(told))} {}

  void settle(const result<uint64_t>& outcome, answers& with) { waiting_->settle(outcome, with); }

private:
  struct waiting {
    explicit waiting(tell to) : told{std::move(to)} {}
    waiting(const waiting&) = delete;
    waiting& operator=(const waiting&) = delete;
    ~waiting() {
      answers alone;
      settle(fail(fault::unavailable, "the gateway is being restarted; send it again, nothing is counted twice"),
             alone);
    }
    void settle(const result<uint64_t>& outcome, answers& with) {
      if (const auto once = std::exchange(told, nullptr)) once(outcome, with);
    }
    tell told;
  };
  std::shared_ptr<waiting> waiting_;
};

} // namespace agentmon
