#pragma once
#include "protocol/failure.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace agentmon {

/// Connects to the host and port of "http://host:port" and gives the socket, which the caller owns. Blocks for name
/// resolution and at most `timeout` for each address. fault::unavailable says what is wrong.
result<int32_t> connect_to(std::string_view base, std::chrono::milliseconds timeout);

} // namespace agentmon
