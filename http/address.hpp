#pragma once
#include "protocol/failure.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace agentmon {

/// Where to listen.
struct address {
  std::string host;  ///< a numeric address or a name; empty: every address of this machine, IPv6 and IPv4
  uint16_t port = 0; ///< 0: any free port
};

/// Reads ":8080", "127.0.0.1:8080", "[::1]:8080", "localhost:8080".
result<address> parse_address(std::string_view);

/// "127.0.0.1:8080", "[::1]:8080", ":8080".
std::string to_string(const address&);

/// Is it reachable from this machine only?
bool is_loopback(const address&);

/// A socket that listens; owned by the caller.
struct bound_socket {
  int fd = -1;
  uint16_t port = 0; ///< the real one, also when 0 was asked for
};

/// fault::unavailable says what is wrong with the address (taken, not ours, unknown) and what to do. May ask the name
/// service when the host is a name.
result<bound_socket> bind(const address&);

} // namespace agentmon
