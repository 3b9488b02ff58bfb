#pragma once
#include "protocol/endpoint.hpp"
#include "protocol/failure.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace agentmon {

/// A socket that listens; owned by the caller.
struct bound_socket {
  int fd = -1;
  uint16_t port = 0; ///< the real one, also when 0 was asked for
};

/// fault::unavailable says what is wrong with the address (taken, not ours, unknown) and what to do. May ask the name
/// service when the host is a name.
result<bound_socket> bind(const endpoint&);

} // namespace agentmon
