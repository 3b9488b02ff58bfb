#pragma once
#include "protocol/limits.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace agentmon::bus {

/// Where the bus is and what it is called there.
struct bus_settings {
  /// nats://host:4222, nats://user:password@host or nats://token@host; several, with commas between, name a cluster.
  std::string url;
  std::string subject = "agentmon.events.v1";
  std::string stream = "AGENTMON";
  std::string durable = "processor";            ///< the consumer that all processors share
  uint64_t stream_bytes = limits::stream_bytes; ///< bound of the stream, used when it is created
};

/// The same URLs without user, password or token: fit for logs and error messages.
std::string without_secrets(std::string_view urls);

} // namespace agentmon::bus
