#pragma once
#include "bus/subscription.hpp"

#include <functional>
#include <string_view>

namespace agentmon::bus {

/// The live feed: everything that is published on the subject while we listen, stored or not. A reader that is slower
/// than limits::tap_messages and tap_bytes allow misses some, and dropped() tells how many.
class tap {
public:
  /// `payload` is lent for the call, which comes on a thread of the tap's own.
  static result<tap> open(const connection&, std::function<void(std::string_view payload)> on_payload);

  /// Messages missed so far. Safe from any thread.
  uint64_t dropped() const { return subscription_.dropped(); }

private:
  explicit tap(subscription s) : subscription_{std::move(s)} {}
  subscription subscription_;
};

} // namespace agentmon::bus
