#pragma once
#include "protocol/endpoint.hpp"
#include "protocol/failure.hpp"
#include "services/descriptor.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/epoll.h>

/// Non-blocking sockets for one thread that makes load: as little work as possible between the bytes and the clock.
namespace agentmon::bench {

/// Connects to a port of this machine, non-blocking and without delay (Nagle). fault::unavailable.
result<service::descriptor> connect_to(const endpoint&);

/// Tells which sockets can be read or written, edge-triggered: who is told reads and writes all there is.
class socket_set {
public:
  socket_set() : epoll_{::epoll_create1(EPOLL_CLOEXEC)} {}

  /// The socket's events arrive with this index. It leaves the set when it is closed.
  void add(int fd, uint32_t index) const;

  /// Waits for events, at most that long, and hands on each one's index.
  void wait(std::chrono::milliseconds, const std::function<void(uint32_t)>&);

private:
  service::descriptor epoll_;
  std::array<epoll_event, 256> ready_{};
};

/// One kept-alive connection that posts to /v1/events, one request at a time.
class post_connection {
public:
  static result<post_connection> open(const endpoint&);

  int fd() const { return socket_.get(); }
  bool is_busy() const { return busy_; }

  /// The body of the next request, empty; fill it, then send(). The same again with resend().
  std::string& new_body();
  result<void> send();
  result<void> resend();

  /// A new connection in the place of one that was closed; the body stays.
  result<void> reopen(const endpoint&);

  struct answer {
    int status = 0;
    std::string body;
    std::string head; ///< when it is not 202

    /// Were so many events taken, and none refused?
    bool accepts(size_t events) const;
    bool says_come_again() const { return status == 503 || status == 429; }
    bool says_when() const; ///< by Retry-After
    bool closes() const;    ///< the connection is of no use any more
    /// For messages.
    std::string text() const { return std::to_string(status) + " " + body; }
  };
  /// Reads what is there and sends what is unsent; the answer when it is whole, which it may be before all is sent.
  result<std::optional<answer>> go_on();

private:
  explicit post_connection(service::descriptor socket) : socket_{std::move(socket)} {}
  result<void> write();

  service::descriptor socket_;
  std::string out_; ///< room for the head, then the body
  size_t head_at_ = 0, sent_ = 0;
  std::string in_;
  bool busy_ = false;
};

} // namespace agentmon::bench
