#include "commands/tcp_greeting.hpp"

#include "services/descriptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace agentmon {
namespace {

struct place {
  std::string host;
  std::string port = "4222";
};

place place_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('/'));
  if (const auto at = url.rfind('@'); at != url.npos) url.remove_prefix(at + 1);
  place p;
  const auto colon = url.rfind(':');
  if (colon != url.npos && url.find(']', colon) == url.npos) {
    p.port = url.substr(colon + 1);
    url = url.substr(0, colon);
  }
  if (url.size() > 2 && url.front() == '[') url = url.substr(1, url.size() - 2);
  p.host = url;
  return p;
}

bool is_ready(int socket, short what, std::chrono::milliseconds timeout) {
  pollfd one{socket, what, 0};
  return ::poll(&one, 1, static_cast<int>(timeout.count())) == 1;
}

result<std::string> greeting_of(const addrinfo& address, std::chrono::milliseconds timeout) {
  const service::descriptor socket{
      ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol)};
  const auto connected = ::connect(socket.get(), address.ai_addr, address.ai_addrlen);
  if (connected != 0 && errno != EINPROGRESS) return fail(fault::unavailable, std::generic_category().message(errno));
  if (!is_ready(socket.get(), POLLOUT, timeout)) return fail(fault::unavailable, "no connection in time");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(fault::unavailable, std::generic_category().message(error));
  if (!is_ready(socket.get(), POLLIN, timeout)) return fail(fault::unavailable, "it says nothing");
  std::array<char, 512> bytes{};
  const auto got = ::read(socket.get(), bytes.data(), bytes.size());
  if (got <= 0) return fail(fault::unavailable, "it closes the connection");
  return std::string(bytes.data(), static_cast<size_t>(got));
}

result<std::string> greeting_at(const place& p, std::chrono::milliseconds timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(p.host.c_str(), p.port.c_str(), &hints, &found); error != 0)
    return fail(fault::unavailable, p.host + ":" + p.port + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
  result<std::string> last = fail(fault::unavailable, "it has no address");
  for (const auto* each = found; each != nullptr && !last; each = each->ai_next) last = greeting_of(*each, timeout);
  if (!last) return fail(fault::unavailable, p.host + ":" + p.port + ": " + last.error().message);
  return last;
}

} // namespace

result<std::string> first_greeting(std::string_view urls, std::chrono::milliseconds timeout) {
  while (true) {
    const auto comma = std::min(urls.find(','), urls.size());
    auto greeting = greeting_at(place_of(urls.substr(0, comma)), timeout);
    if (greeting || comma == urls.size()) return greeting;
    urls.remove_prefix(comma + 1);
  }
}

} // namespace agentmon
