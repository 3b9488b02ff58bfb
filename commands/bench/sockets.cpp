#include "commands/bench/sockets.hpp"

#include "protocol/limits.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <system_error>

namespace agentmon::bench {
namespace {

constexpr size_t head_room = 192; // a request's head is shorter

tl::unexpected<failure> lost(std::string_view what) {
  return fail(fault::unavailable, std::string{what} + ": " + std::generic_category().message(errno));
}

/// The value of Content-Length in a head; nothing when there is none.
std::optional<size_t> length_in(std::string_view head) {
  constexpr std::string_view name = "\r\ncontent-length:";
  for (size_t at = 0; at + name.size() < head.size(); at = head.find("\r\n", at + 1)) {
    if (::strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
    const auto* first = head.data() + at + name.size();
    while (*first == ' ') ++first;
    size_t length = 0;
    if (std::from_chars(first, head.data() + head.size(), length).ec == std::errc{}) return length;
  }
  return std::nullopt;
}

} // namespace

result<service::descriptor> connect_to(const endpoint& to) {
  service::descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  ::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return lost("cannot connect to " + to_string(to));
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) return lost("cannot use a socket");
  return socket;
}

void socket_set::add(int fd, uint32_t index) const {
  epoll_event wanted{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.u32 = index}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &wanted);
}

void socket_set::wait(std::chrono::milliseconds time, const std::function<void(uint32_t)>& tell) {
  const int ready =
      ::epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()), static_cast<int>(time.count()));
  for (int i = 0; i < ready; ++i) tell(ready_[static_cast<size_t>(i)].data.u32);
}

result<post_connection> post_connection::open(const endpoint& to) {
  return connect_to(to).map([](service::descriptor&& socket) { return post_connection{std::move(socket)}; });
}

bool post_connection::answer::accepts(size_t events) const {
  return status == 202 && body.starts_with("{\"accepted\":" + std::to_string(events) + ",");
}

bool post_connection::answer::says_when() const { return head.find("\r\nRetry-After: ") != std::string::npos; }

bool post_connection::answer::closes() const { return head.find("\r\nConnection: close") != std::string::npos; }

result<void> post_connection::reopen(const endpoint& to) {
  return connect_to(to).map([this](service::descriptor&& socket) { socket_ = std::move(socket); });
}

std::string& post_connection::new_body() {
  out_.resize(head_room);
  return out_;
}

result<void> post_connection::send() {
  const auto head = "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
                    + std::to_string(out_.size() - head_room) + "\r\n\r\n";
  head_at_ = head_room - head.size();
  head.copy(out_.data() + head_at_, head.size());
  return resend();
}

result<void> post_connection::resend() {
  sent_ = head_at_;
  busy_ = true;
  in_.clear();
  return write();
}

result<void> post_connection::write() {
  while (sent_ < out_.size()) {
    const auto wrote = ::send(fd(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) return {};
    if (wrote < 0) return lost("the gateway ended a connection");
    sent_ += static_cast<size_t>(wrote);
  }
  return {};
}

result<std::optional<post_connection::answer>> post_connection::go_on() {
  std::array<char, 16 * limits::KiB> buffer;
  for (;;) {
    const auto got = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got < 0) return lost("the gateway ended a connection");
    if (got == 0) return fail(fault::unavailable, "the gateway closed a connection");
    in_.append(buffer.data(), static_cast<size_t>(got));
    if (static_cast<size_t>(got) < buffer.size()) break;
  }
  const auto head_end = in_.find("\r\n\r\n");
  if (!busy_) return std::nullopt;
  if (head_end == std::string::npos) {
    if (auto wrote = write(); !wrote) return tl::unexpected{wrote.error()};
    return std::nullopt;
  }
  const auto length = length_in(std::string_view{in_}.substr(0, head_end + 2));
  if (!length || in_.size() < 13) return fail(fault::invalid, "the gateway's answer has no Content-Length");
  if (in_.size() < head_end + 4 + *length) return std::nullopt;
  answer whole;
  std::from_chars(in_.data() + 9, in_.data() + 12, whole.status);
  whole.body = in_.substr(head_end + 4, *length);
  if (whole.status != 202) whole.head = in_.substr(0, head_end + 2);
  busy_ = false;
  return whole;
}

} // namespace agentmon::bench
