#pragma once
#include "protocol/failure.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace agentmon {

/// Where a port listens or is found.
struct endpoint {
  std::string host; ///< a name or a numeric address without brackets; empty: every address of this machine
  uint16_t port = 0;
  bool operator==(const endpoint&) const = default;
};

/// Reads ":8080", "host:8080", "127.0.0.1:8080" or "[::1]:8080". Port 0 to 65535; 0 asks the system for a free one.
result<endpoint> parse_endpoint(std::string_view);

/// The same form back, with brackets around an IPv6 address.
std::string to_string(const endpoint&);

/// Is it every address of this machine?
bool is_everywhere(const endpoint&);

/// Is it reachable from this machine only?
bool is_loopback(const endpoint&);

/// The base URL at which this machine reaches the endpoint: "http://127.0.0.1:8080" for ":8080".
std::string local_url(const endpoint&);

} // namespace agentmon
