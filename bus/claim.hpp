#pragma once
#include "bus/subscription.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace agentmon::bus {

/// Listens whether any processor speaks of one message: that it is still at work at it, has committed it or gives it
/// back. NATS itself does not tell who holds a message, and when it last heard of it.
class claim {
public:
  static result<claim> open(const connection&, uint64_t stream_sequence);

  /// Whether one has spoken of it since. Safe from any thread.
  bool heard() const { return *heard_; }

private:
  claim(std::shared_ptr<std::atomic<bool>> heard, subscription words)
      : heard_{std::move(heard)}, words_{std::move(words)} {}

  std::shared_ptr<std::atomic<bool>> heard_;
  subscription words_;
};

} // namespace agentmon::bus
