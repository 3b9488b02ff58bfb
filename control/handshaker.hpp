#pragma once
#include "control/session.hpp"
#include "services/descriptor.hpp"

#include <functional>
#include <list>
#include <thread>

namespace agentmon::control {

/// Brings the TLS handshakes of connections that came in to their end, on a thread of its own: a client that is slow or
/// silent costs the multiplexer nothing and is closed after limits::handshake_timeout.
class handshaker {
public:
  /// `ready` gets the socket, which it owns, and its session; on the handshaker's thread.
  using on_ready = std::function<void(service::descriptor, std::unique_ptr<session>, std::string from)>;

  handshaker(std::shared_ptr<identity>, std::shared_ptr<refusals>, on_ready);
  ~handshaker();
  handshaker(const handshaker&) = delete;
  handshaker& operator=(const handshaker&) = delete;

  /// A socket that does not block. Beyond limits::handshakes it is closed at once. From any thread.
  void add(service::descriptor, std::string from);

private:
  struct guest {
    service::descriptor socket;
    std::string from;
    std::unique_ptr<session> tls;
    short waits_for;
    std::chrono::steady_clock::time_point until;
  };
  void run();
  void step(guest&);

  std::shared_ptr<identity> who_;
  std::shared_ptr<refusals> refusals_;
  on_ready ready_;
  service::descriptor wake_;
  std::mutex mutex_;
  std::list<guest> arrivals_; ///< not yet seen by the thread
  size_t present_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace agentmon::control
