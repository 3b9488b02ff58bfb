#pragma once
#include "monitor/helper_messages.hpp"
#include "services/child.hpp"
#include "services/descriptor.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace agentmon::monitor {

/// A process of this program that speaks with one hypervisor (helper_main.hpp); it is killed with this object, and
/// ends when we end. For the thread that started it, which must live as long (services/child.hpp).
class helper {
public:
  static result<helper> start(const std::string& uri);

  /// Never waits. Only when the last question is answered. fault::unavailable when the helper is gone.
  result<void> ask(const question&);

  /// Poll this for reading, then take().
  int descriptor() const { return socket_.get(); }

  /// The bytes of the answer once all of them are there. fault::unavailable when the helper is gone. Never waits.
  result<std::optional<std::string>> take();

  /// The same, but waits; fault::timeout.
  result<std::string> wait(std::chrono::milliseconds timeout);

private:
  helper(service::child child, service::descriptor socket) : child_{std::move(child)}, socket_{std::move(socket)} {}

  tl::unexpected<failure> gone();

  service::child child_;
  service::descriptor socket_;
  std::string received_;
};

} // namespace agentmon::monitor
