#pragma once
#include "http/held.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/meta/type_name.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace agentmon {

/// Names one connection. Never used twice in the life of a process, on any port: a late message cannot hit a stranger.
struct connection_id {
  uint64_t value = 0;
  auto operator<=>(const connection_id&) const = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, connection_id& x) {
  return f(caf::meta::type_name("connection_id"), x.value);
}

/// Whole frames (websocket::frame) for some WebSockets. Their bytes are shared by all messages that carry them.
struct outgoing {
  std::vector<connection_id> to;
  std::shared_ptr<const std::string> bytes;
  uint64_t frames = 1; ///< in `bytes`
};

// Local only: a listener and whoever pushes through it are of one process.
using outgoing_frames = std::vector<outgoing>;

/// One whole request, or one text of a WebSocket, on its way to a worker.
struct served {
  connection_id from;
  std::string bytes;
  uint8_t flags = 0;                             ///< serve_flags
  std::chrono::steady_clock::time_point arrived; ///< when its last byte had been read
  held share;                                    ///< of the port's bound; kept until the answer
};

/// One answer on its way to its connection.
struct answered {
  connection_id to;
  std::string bytes;
  bool close_after = false;
};

/// What a listener carries at this moment (first five) and what it did since its start.
struct listener_stats {
  uint64_t connections = 0;    ///< open now, of every kind
  uint64_t websockets = 0;     ///< of these, WebSockets
  uint64_t unsent_bytes = 0;   ///< written to connections but not yet taken by the kernel
  uint64_t buffered_bytes = 0; ///< received but not yet a whole request
  uint64_t held_bytes = 0;     ///< of whole requests that are not answered yet, with limits::held_request_bytes each
  uint64_t accepted = 0;
  uint64_t requests = 0;    ///< handed to a worker
  uint64_t refused = 0;     ///< answered with 4xx or 503 by the listener itself
  uint64_t timed_out = 0;   ///< closed because a time-out passed, answers (504) included
  uint64_t slow_closed = 0; ///< closed because the reader took nothing or too little
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, listener_stats& x) {
  return f(caf::meta::type_name("listener_stats"), x.connections, x.websockets, x.unsent_bytes, x.buffered_bytes,
           x.held_bytes, x.accepted, x.requests, x.refused, x.timed_out, x.slow_closed);
}

} // namespace agentmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::outgoing_frames)

// A listener and its workers share a process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::served)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<agentmon::served>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<agentmon::answered>)

template <>
struct std::hash<agentmon::connection_id> {
  size_t operator()(agentmon::connection_id id) const noexcept { return std::hash<uint64_t>{}(id.value); }
};
