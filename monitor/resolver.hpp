#pragma once
#include "protocol/failure.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace agentmon::monitor {

/// Where to connect to.
struct address {
  sockaddr_storage where{};
  socklen_t size = 0;
};

/// Looks up the addresses of hosts. The name service may take half a minute to fail and cannot be interrupted, so it is
/// asked on threads of its own, at most limits::ssh_lookups of them, which nobody waits for. Safe from any thread.
class resolver {
public:
  /// At least one address, in the order in which to try them; fault::not_found when there is none.
  using tell = std::function<void(result<std::vector<address>>)>;

  resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;
  ~resolver(); ///< nobody is told any more

  /// Tells on a thread of this object; for an address in digits at once, on the caller's. A question that found no free
  /// thread within limits::ssh_connect_timeout is dropped untold: who asks has a deadline of his own.
  void look_up(const std::string& host, uint16_t port, tell);

private:
  struct state;
  static void work(const std::shared_ptr<state>&);

  std::shared_ptr<state> state_; ///< outlives this object in threads that still wait
};

} // namespace agentmon::monitor
