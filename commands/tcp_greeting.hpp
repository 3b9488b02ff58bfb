#pragma once
#include "protocol/failure.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace agentmon {

/// Connects to the first of some URLs (scheme://[user@]host[:port], commas between; port 4222 unless it says another)
/// that answers, and gives the first bytes that it says unasked. fault::unavailable tells about the last one tried.
result<std::string> first_greeting(std::string_view urls, std::chrono::milliseconds timeout);

} // namespace agentmon
