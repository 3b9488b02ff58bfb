#pragma once
#include "control/identity.hpp"
#include "control/session.hpp"
#include "services/descriptor.hpp"

namespace agentmon::control {

struct dialed {
  service::descriptor socket; ///< does not block
  std::unique_ptr<session> tls;
};

/// Connects and, with an identity, does the TLS handshake; waits at most limits::dial_timeout and
/// limits::handshake_timeout, and for the name service. fault::unavailable or timeout: nobody there, or not now;
/// fault::invalid: they will not have us, or we not them.
result<dialed> dial(const std::string& host, uint16_t port, const std::shared_ptr<identity>&);

} // namespace agentmon::control
