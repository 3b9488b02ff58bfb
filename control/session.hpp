#pragma once
#include "control/identity.hpp"
#include "control/refusals.hpp"

#include <caf/io/network/rw_state.hpp>

#include <memory>
#include <string>

namespace agentmon::control {

/// TLS on one socket, which it does not own.
class session {
public:
  /// Begins on a socket that does not block.
  session(std::shared_ptr<identity>, int fd, bool as_server);

  enum class progress { done, wants_read, wants_write, failed };
  /// Goes on with the handshake as far as it gets; after failed, tls_reason() says why.
  progress shake_hands();

  /// False when the other's certificate has been revoked or has lost its authority meanwhile.
  bool is_trusted();

  SSL* get() const { return tls_.get(); }

private:
  std::shared_ptr<identity> who_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
  uint64_t generation_;
};

/// How a scribe of CAF reads and writes one connection: with TLS or without. Cuts it when what comes is no agentmon.
/// Of the multiplexer's thread.
class transport {
public:
  /// `tls` may be absent; `accepted`: the other side came to us and must introduce itself.
  transport(std::unique_ptr<session> tls, bool accepted, std::string from, std::shared_ptr<refusals>);

  using state = caf::io::network::rw_state;
  state read_some(size_t& result, int fd, void* buffer, size_t size);
  state write_some(size_t& result, int fd, const void* buffer, size_t size);
  bool must_read_more(int fd, size_t threshold) const;

private:
  state refuse(std::string_view why);

  std::unique_ptr<session> tls_;
  bool introduces_itself_; ///< the next bytes must be the first ones of a node
  std::string from_;
  std::shared_ptr<refusals> refusals_;
};

} // namespace agentmon::control
