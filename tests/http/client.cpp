#include "client.hpp"

#include "http/text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace agentmon {
namespace {

using steady = std::chrono::steady_clock;

int connect_to(uint16_t port, int receive_buffer) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  if (receive_buffer > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
  return fd;
}

bool ready(int fd, short events) {
  pollfd p{fd, events, 0};
  return ::poll(&p, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) == 1;
}

} // namespace

client::client(uint16_t port) : fd_{connect_to(port, 0)} {}

client client::with_small_buffer(uint16_t port) { return client{connect_to(port, 4096)}; }

client::~client() {
  if (fd_ >= 0) ::close(fd_);
}

client::client(client&& other) noexcept : fd_{std::exchange(other.fd_, -1)}, in_{std::move(other.in_)} {}

bool client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!ready(fd_, POLLOUT)) return false;
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

size_t client::send_some(std::string_view bytes) {
  const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n > 0 ? static_cast<size_t>(n) : 0;
}

bool client::fill() {
  std::array<char, 65536> buffer;
  if (!ready(fd_, POLLIN)) return false;
  const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (n <= 0) return false;
  in_.append(buffer.data(), static_cast<size_t>(n));
  return true;
}

answer_read client::read_answer(bool head) {
  size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == in_.npos)
    if (!fill()) return {};
  answer_read out;
  out.status = std::stoi(in_.substr(9, 3));
  std::string_view lines{in_.data(), end + 2};
  for (auto at = lines.find("\r\n") + 2; at < lines.size();) {
    const auto stop = lines.find("\r\n", at);
    const auto line = lines.substr(at, stop - at);
    const auto colon = line.find(':');
    std::string name{line.substr(0, colon)};
    std::transform(name.begin(), name.end(), name.begin(), http_text::lower);
    out.headers[name] = std::string{http_text::trim(line.substr(colon + 1))};
    at = stop + 2;
  }
  in_.erase(0, end + 4);
  const auto length = out.headers.find("content-length");
  if (head || length == out.headers.end()) return out;
  out.body = read_bytes(std::stoul(length->second));
  return out;
}

std::string client::read_bytes(size_t size) {
  while (in_.size() < size)
    if (!fill()) return {};
  auto out = in_.substr(0, size);
  in_.erase(0, size);
  return out;
}

std::optional<frames::frame> client::read_frame() {
  for (;;) {
    if (auto f = frames::take(in_)) return f;
    if (!fill()) return std::nullopt;
  }
}

int client::open_websocket(std::string_view target) {
  return ask(get(target, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
      .status;
}

bool client::wait_for_end() {
  const auto deadline = steady::now() + patience;
  while (fill()) in_.clear();
  return steady::now() < deadline;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = steady::now() + patience;
  while (!condition()) {
    if (steady::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string get(std::string_view target, std::string_view headers) {
  return "GET " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n" + std::string{headers} + "\r\n";
}

std::string post(std::string_view target, std::string_view body, std::string_view headers) {
  return "POST " + std::string{target} + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size())
         + "\r\n" + std::string{headers} + "\r\n" + std::string{body};
}

} // namespace agentmon
