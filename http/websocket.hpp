#pragma once
#include "http/request.hpp"
#include "protocol/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// The 101 answer to a handshake, or why it is none (400; 426 when the client speaks another version).
tl::expected<std::string, refusal> websocket_handshake(const httplib::Request&);

/// The server's side of one WebSocket (RFC 6455, no extensions, text only): bytes in, messages and bytes out. Knows no
/// socket. One thread at a time. wslay's 9 KB are taken only when the client has something to say: a viewer that is
/// silent but for its pongs costs next to nothing.
class websocket {
public:
  /// `message_limit`: bytes of one message over all its fragments.
  explicit websocket(size_t message_limit = limits::websocket_message_bytes);
  ~websocket();
  websocket(websocket&&) noexcept;
  websocket& operator=(websocket&&) noexcept;

  /// Takes what the client sent and returns the text messages that became whole. What breaks the protocol (an unmasked
  /// frame, a reserved bit or opcode: 1002), is binary (1003), no UTF-8 (1007) or too large (1009) closes the
  /// WebSocket; nothing is taken after that. Afterwards look at take_output() and closed().
  std::vector<std::string> feed(std::string_view bytes);

  /// Bytes that must go to the client now: pongs, pings, the close frame. Empty when there are none.
  std::string take_output();

  void ping();

  /// Says goodbye; text frames must not be sent behind it. The reason is cut at 123 bytes. Only the first call counts.
  void close(uint16_t code, std::string_view reason);

  bool close_sent() const;
  /// Both sides have said goodbye, or ours was for a broken protocol: send what is left and close the connection.
  bool closed() const;
  /// The code that ended it: ours, or the client's when it closed first; 1005 without a code, 1006 before any close.
  uint16_t close_code() const;

  /// One whole text frame, as the server sends it; the same bytes may go to many clients.
  static std::string frame(std::string_view text);

private:
  struct state;
  state& speaking();

  size_t message_limit_;
  std::string output_;           ///< as long as there is no state
  std::unique_ptr<state> state_; ///< empty: pings and pongs are all there was
};

} // namespace agentmon
