#pragma once
#include "protocol/failure.hpp"
#include "services/descriptor.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace agentmon::bench {

/// One viewer of the live feed: a WebSocket that only listens. Reads text frames where they lie, without a copy unless
/// a frame comes in pieces; answers pings.
class viewer {
public:
  explicit viewer(service::descriptor socket) : socket_{std::move(socket)} {}

  int fd() const { return socket_.get(); }

  /// Asks for the feed; its frames begin when it was granted.
  result<void> ask();

  /// Reads all there is by way of `buffer` and hands on each text frame.
  result<void> read(std::span<char> buffer, const std::function<void(std::string_view)>& on_text);

private:
  /// Gives how many of the bytes it dealt with.
  result<size_t> take(std::string_view bytes, const std::function<void(std::string_view)>& on_text);

  service::descriptor socket_;
  std::string rest_; ///< the begin of what is not whole yet
  bool is_open_ = false;
};

} // namespace agentmon::bench
