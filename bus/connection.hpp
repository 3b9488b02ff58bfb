#pragma once
#include "bus/settings.hpp"
#include "protocol/failure.hpp"

#include <nats/nats.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace agentmon::bus {

class socket_loop;

/// One connection to NATS, which lives until it is lost and is then replaced by a new one: an epoch. cnats' own
/// reconnection is off, because a server may come back with an older or an empty stream, and nothing that was buffered
/// for the old one may reach it before the owner has looked (ensure_stream, message_id_at).
///
/// Safe from any thread once open. What is made from a connection (publisher, puller, tap) must be destroyed before it.
/// Destroying it sends what was already handed over, waiting at most limits::bus_close_flush for a server that takes
/// nothing, and ends all callbacks before it returns; it must not be done from a callback.
class connection {
public:
  struct callbacks {
    /// Called once, on a thread of cnats, when the connection is lost: closed, refused or silent for about 4 s
    /// (limits::bus_ping_interval). Not called for a connection that its owner destroys.
    std::function<void(std::string reason)> on_lost;
  };

  /// Blocks for at most limits::bus_connect_timeout a server. fault::unavailable: nobody there; fault::invalid: the
  /// server will not have us (user, password, TLS), trying again is useless until somebody changes the settings.
  static result<connection> open(bus_settings, callbacks);

  connection(connection&&) noexcept;
  connection& operator=(connection&&) noexcept;
  ~connection();

  const bus_settings& settings() const;
  /// The URL without its secrets, for messages.
  const std::string& where() const;
  /// The largest message that this server takes, in bytes, headers included.
  size_t max_payload() const;

  natsConnection* nats() const;
  jsCtx* jetstream() const;
  const socket_loop& loop() const;

private:
  struct state;
  explicit connection(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

} // namespace agentmon::bus
