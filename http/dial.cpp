#include "http/dial.hpp"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace agentmon {
namespace {

struct host_port {
  std::string host;
  std::string port = "80";
};

host_port split(std::string_view base) {
  if (const auto scheme = base.find("://"); scheme != std::string_view::npos) base.remove_prefix(scheme + 3);
  base = base.substr(0, base.find('/'));
  host_port to;
  const auto bracket = base.find(']');
  const auto colon = base.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) to.port = base.substr(colon + 1);
  to.host = bracket == std::string_view::npos ? base.substr(0, colon) : base.substr(1, bracket - 1);
  return to;
}

std::string words(int code) { return std::generic_category().message(code); }

/// Non-blocking connect, then a bounded wait. Gives 0 or errno.
int finish_connect(int socket, const addrinfo& address, std::chrono::milliseconds timeout) {
  if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd ready{socket, POLLOUT, 0};
  const int n = ::poll(&ready, 1, static_cast<int>(timeout.count()));
  if (n == 0) return ETIMEDOUT;
  if (n < 0) return errno;
  int code = 0;
  socklen_t size = sizeof code;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

} // namespace

result<int32_t> connect_to(std::string_view base, std::chrono::milliseconds timeout) {
  const auto [host, port] = split(base);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0)
    return fail(fault::unavailable, "cannot find the host " + host + ": " + ::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{found, &::freeaddrinfo};
  int code = 0;
  for (const auto* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const int socket = ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) {
      code = errno;
      continue;
    }
    code = finish_connect(socket, *address, timeout);
    if (code == 0) {
      const int yes = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      return socket;
    }
    ::close(socket);
  }
  return fail(fault::unavailable, "cannot connect to " + host + " port " + port + ": " + words(code));
}

} // namespace agentmon
