#include "commands/bench/frames.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <system_error>

namespace agentmon::bench {
namespace {

constexpr unsigned char text_frame = 0x81, close_frame = 0x88, ping_frame = 0x89, pong_frame = 0x8a; // each a whole one

/// Where a frame's payload begins and ends; an end of 0: the head is not whole.
struct extent {
  size_t begin = 0, end = 0;
};

extent extent_of(std::string_view bytes) {
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(bytes[at])); };
  if (bytes.size() < 2) return {};
  const auto length = byte(1);
  const size_t wide = length == 127 ? 8 : length == 126 ? 2 : 0;
  if (bytes.size() < 2 + wide) return {};
  size_t size = wide == 0 ? length : 0;
  for (size_t i = 0; i < wide; ++i) size = size << 8U | byte(2 + i);
  return {2 + wide, 2 + wide + size};
}

bool send_all(int fd, std::string_view bytes) {
  return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

} // namespace

result<void> viewer::ask() {
  constexpr std::string_view request = "GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                                       "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (send_all(fd(), request)) return {};
  return fail(fault::unavailable, "the query port ended a viewer's connection");
}

result<size_t> viewer::take(std::string_view bytes, const std::function<void(std::string_view)>& on_text) {
  size_t done = 0;
  if (!is_open_) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return done;
    if (!bytes.starts_with("HTTP/1.1 101"))
      return fail(fault::invalid, "the query port refused a viewer: " + std::string{bytes.substr(0, end)});
    is_open_ = true;
    done = end + 4;
  }
  for (;;) {
    const auto here = bytes.substr(done);
    const auto frame = extent_of(here);
    if (frame.end == 0 || here.size() < frame.end) return done;
    const auto payload = here.substr(frame.begin, frame.end - frame.begin);
    const auto kind = static_cast<unsigned char>(here.front());
    if (kind == text_frame) {
      on_text(payload);
    } else if (kind == ping_frame) { // a client's frames are masked; a mask of zeros leaves the payload as it is
      std::string pong{static_cast<char>(pong_frame), static_cast<char>(0x80 | payload.size())};
      pong.append(4, '\0').append(payload);
      send_all(fd(), pong);
    } else {
      return fail(fault::unavailable, kind == close_frame ? "the query port closed a viewer's connection"
                                                          : "the query port sent a viewer an unexpected frame");
    }
    done += frame.end;
  }
}

result<void> viewer::read(std::span<char> buffer, const std::function<void(std::string_view)>& on_text) {
  for (;;) {
    const auto got = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return {};
    if (got <= 0) return fail(fault::unavailable, "the query port ended a viewer's connection");
    const std::string_view fresh{buffer.data(), static_cast<size_t>(got)};
    const bool is_joined = !rest_.empty();
    if (is_joined) rest_.append(fresh);
    const auto done = take(is_joined ? std::string_view{rest_} : fresh, on_text);
    if (!done) return tl::unexpected{done.error()};
    if (is_joined)
      rest_.erase(0, *done);
    else
      rest_.assign(fresh.substr(*done));
    if (fresh.size() < buffer.size()) return {};
  }
}

} // namespace agentmon::bench
