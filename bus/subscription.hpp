#pragma once
#include "bus/connection.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace agentmon::bus {

/// A core NATS subscription with a callback on a thread of its own. Destroying it waits for a callback that is running;
/// after that there are no more. It must not be destroyed by its callback.
class subscription {
public:
  /// The message is lent for the call. Null is a tick.
  using handler = std::function<void(natsMsg*)>;

  struct bounds {
    int messages = -1; ///< that wait for the handler; further ones are dropped and counted; negative: no bound
    int bytes = -1;    ///< the same in bytes
    std::chrono::milliseconds tick{0}; ///< call the handler with null after this much silence; 0: never
  };

  static result<subscription> open(const connection&, const std::string& subject, bounds, handler);

  subscription(subscription&&) noexcept;
  subscription& operator=(subscription&&) noexcept;
  ~subscription();

  /// Messages dropped so far because the handler was too slow; what it was last, once the connection is lost.
  uint64_t dropped() const;

private:
  struct state;
  explicit subscription(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

} // namespace agentmon::bus
