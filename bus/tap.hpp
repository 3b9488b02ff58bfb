#pragma once
#include "bus/subscription.hpp"
#include "protocol/time.hpp"

#include <functional>
#include <optional>
#include <string_view>

namespace agentmon::bus {

/// One message of the live feed, lent for a call.
struct tapped {
  std::string_view payload;
  std::optional<timestamp> published; ///< by the publisher's clock; nothing when another program published it
};

/// The live feed: everything that is published on the subject while we listen, stored or not. A reader that is slower
/// than limits::tap_messages and tap_bytes allow misses some, and dropped() tells how many.
class tap {
public:
  /// The call comes on a thread of the tap's own.
  static result<tap> open(const connection&, std::function<void(const tapped&)> on_message);

  /// Messages missed so far. Safe from any thread.
  uint64_t dropped() const { return subscription_.dropped(); }

private:
  explicit tap(subscription s) : subscription_{std::move(s)} {}
  subscription subscription_;
};

} // namespace agentmon::bus
