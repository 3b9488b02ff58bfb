#pragma once
#include "monitor/inside.hpp"
#include "monitor/instance.hpp"

#include <functional>
#include <memory>

namespace agentmon::monitor {

/// Visits machines over SSH and runs the guest probe there. One thread carries all of them (libssh2 without blocking,
/// poll(2)); a connection is kept and used again; every phase has its own time-out of protocol/limits.hpp. At most one
/// visit to a machine at a time, and at most limits::ssh_handshakes unauthenticated connections to one host.
/// Safe from any thread.
class visits {
public:
  /// Told exactly once for each visit(), on a thread of this object, and not after its destructor has begun to return.
  using tell = std::function<void(inside_reading)>;

  visits();
  visits(const visits&) = delete;
  visits& operator=(const visits&) = delete;
  ~visits(); ///< who still waits is told that nothing is known

  /// `gateway` says what the probe looks at inside.
  void visit(const ssh_place&, const gateway_place& gateway, tell);

  /// The machine has left the registry: its connection is closed.
  void forget(const ssh_place&);

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace agentmon::monitor
