#include "http/bind.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace agentmon {
namespace {

using address_list = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

struct descriptor {
  explicit descriptor(int fd) : value{fd} {}
  ~descriptor() {
    if (value >= 0) ::close(value);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int release() { return std::exchange(value, -1); }
  int value;
};

/// "Address already in use"; the same as strerror, which is not safe from every thread.
std::string reason(int code) { return std::generic_category().message(code); }

result<uint16_t> port_of(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0)
    return fail(fault::unavailable, "The bound port cannot be read: " + reason(errno) + ".");
  const bool six = bound.ss_family == AF_INET6;
  return ntohs(six ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

/// A listening socket, or errno.
tl::expected<int, int> bind_one(const addrinfo& where) {
  descriptor fd{::socket(where.ai_family, where.ai_socktype | SOCK_CLOEXEC, where.ai_protocol)};
  const int yes = 1;
  const int no = 0;
  if (fd.value < 0 || setsockopt(fd.value, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
    return tl::unexpected{errno};
  if (where.ai_family == AF_INET6) setsockopt(fd.value, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  if (::bind(fd.value, where.ai_addr, where.ai_addrlen) != 0 || ::listen(fd.value, SOMAXCONN) != 0)
    return tl::unexpected{errno};
  return fd.release();
}

std::string advice(int code) {
  if (code == EADDRINUSE) return " Stop the program that has it, or choose another port.";
  if (code == EADDRNOTAVAIL) return " Choose an address of this machine.";
  if (code == EACCES) return " Choose a port from 1024 on.";
  return {};
}

} // namespace

result<bound_socket> bind(const endpoint& where) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  addrinfo* raw = nullptr;
  const auto service = std::to_string(where.port);
  const auto* host = where.host.empty() ? nullptr : where.host.c_str();
  if (const int code = getaddrinfo(host, service.c_str(), &hints, &raw); code != 0)
    return fail(fault::unavailable, "The host of " + to_string(where) + " is not known: " + gai_strerror(code) + ".");
  const address_list found{raw, &freeaddrinfo};
  int code = EADDRNOTAVAIL;
  // An IPv6 socket for every address also takes IPv4; a name like localhost is more often looked for on IPv4.
  for (const bool six : {where.host.empty(), !where.host.empty()}) {
    for (const auto* one = found.get(); one; one = one->ai_next) {
      if ((one->ai_family == AF_INET6) != six) continue;
      const auto fd = bind_one(*one);
      if (!fd) {
        if (fd.error() != EAFNOSUPPORT && fd.error() != EADDRNOTAVAIL) code = fd.error();
        continue;
      }
      const auto port = port_of(*fd);
      if (port) return bound_socket{*fd, *port};
      ::close(*fd);
      return tl::unexpected{port.error()};
    }
  }
  return fail(fault::unavailable, "Listening on " + to_string(where) + " failed: " + reason(code) + "." + advice(code));
}

} // namespace agentmon
