#include "control/dial.hpp"

#include "http/dial.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/limits.hpp"

#include <cerrno>
#include <poll.h>

namespace agentmon::control {
namespace {

using steady = std::chrono::steady_clock;

/// False when the time is up.
bool wait_for(int fd, short what, steady::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
    if (left <= 0) return false;
    pollfd one{fd, what, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

result<std::unique_ptr<session>> shake_hands(int fd, const std::shared_ptr<identity>& who) {
  auto tls = std::make_unique<session>(who, fd, false);
  const auto until = steady::now() + limits::handshake_timeout;
  for (;;) {
    switch (tls->shake_hands()) {
    case session::progress::done: return tls;
    case session::progress::failed:
      return fail(fault::invalid, "no TLS connection: " + tls_reason() + "; does it use certificates of the same CA?");
    case session::progress::wants_read:
      if (wait_for(fd, POLLIN, until)) continue;
      break;
    case session::progress::wants_write:
      if (wait_for(fd, POLLOUT, until)) continue;
      break;
    }
    return fail(fault::timeout, "the TLS handshake was not answered in time; does it use TLS?");
  }
}

} // namespace

result<dialed> dial(const std::string& host, uint16_t port, const std::shared_ptr<identity>& who) {
  const auto connected = connect_to(to_string(endpoint{host, port}), limits::dial_timeout);
  if (!connected) return tl::unexpected{connected.error()};
  service::descriptor socket{*connected};
  if (!who) return dialed{std::move(socket), nullptr};
  auto tls = shake_hands(socket.get(), who);
  if (!tls) return tl::unexpected{tls.error()};
  return dialed{std::move(socket), std::move(*tls)};
}

} // namespace agentmon::control
