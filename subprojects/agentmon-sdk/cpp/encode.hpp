#pragma once
#include <agentmon/sdk.hpp>
#include <stdexcept>
#include <string>

namespace agentmon::sdk::detail {

struct source {
  std::string framework, client_id, host;
  bool capture = true; ///< may input, output and error.message be told?
};

/// The gateway would refuse the event for its size.
struct too_large : std::runtime_error {
  using runtime_error::runtime_error;
};

/// The envelope as JSON. Throws too_large, and std::invalid_argument when something is no JSON (NaN, not UTF-8).
std::string encode(event, const source&);

/// A UUIDv7 of that time.
std::string uuid7(std::chrono::system_clock::time_point);

} // namespace agentmon::sdk::detail
