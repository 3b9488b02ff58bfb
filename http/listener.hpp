#pragma once
#include "http/bind.hpp"
#include "http/interfaces.hpp"
#include "protocol/failure.hpp"
#include "protocol/limits.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// The bounds and time-outs of one listener; each defaults to protocol/limits.hpp, tests shorten them.
struct listener_settings {
  size_t connections = limits::connections;
  uint64_t buffered_bytes = limits::request_buffer_bytes;
  uint64_t held_bytes = limits::held_bytes;
  size_t response_backlog = limits::response_backlog;
  size_t viewer_backlog = limits::viewer_backlog_bytes;
  size_t tunnel_backlog = limits::tunnel_backlog_bytes;
  size_t websocket_unanswered = limits::websocket_unanswered;
  std::chrono::milliseconds head_timeout = limits::head_timeout;
  std::chrono::milliseconds body_timeout = limits::body_timeout;
  std::chrono::milliseconds claim_time = limits::claim_time;
  std::chrono::milliseconds idle_timeout = limits::idle_timeout;
  std::chrono::milliseconds answer_timeout = limits::answer_timeout;
  std::chrono::milliseconds write_timeout = limits::write_timeout;
  std::chrono::milliseconds linger_timeout = limits::linger_timeout;
  std::chrono::milliseconds ping_interval = limits::ping_interval;
  std::chrono::milliseconds pong_timeout = limits::pong_timeout;
  std::chrono::milliseconds tick = limits::connection_tick;
  /// Told the counters at every tick, on the multiplexer thread: must not wait.
  std::function<void(const listener_stats&)> report = {};
};

/// A listener at work.
struct listening {
  listener_actor actor;
  uint16_t port = 0; ///< the real one, also when 0 was asked for
};

/// Binds and starts a listener whose connections are shared out among `workers` (at least one). The port is bound when
/// this returns; fault::unavailable says which address is taken or not ours. The system must have loaded
/// caf::io::middleman and should be configured with configure_multiplexer.
result<listening> listen(caf::actor_system&, const endpoint&, std::vector<worker_actor> workers,
                         const listener_settings& = {});

/// Settings that a system with listeners needs: one read for each readiness of a socket, so that a connection that has
/// been told to wait really waits, and no system call is spent to learn that there is nothing more.
void configure_multiplexer(caf::actor_system_config&);

/// Raises this process's limit of open files as far as it may, so that it does not bound the connections (shells and
/// services often start with 1024). Returns what is in force. Call it before listen, which reads the limit.
size_t raise_descriptor_limit();

} // namespace agentmon
