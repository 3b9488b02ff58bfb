#include "http/websocket.hpp"

#include "http/response.hpp"
#include "http/text.hpp"

#include <wslay/wslay.h>

#include <algorithm>
#include <array>
#include <new>
#include <openssl/evp.h>

namespace agentmon {
namespace {

using namespace http_text;

constexpr size_t close_reason_bytes = 123;     // a control frame holds 125, two are the code
constexpr size_t fragments = 16 * limits::KiB; // of one message: empty fragments cost memory without counting as bytes
constexpr std::string_view protocol_error_frame = "\x88\x02\x03\xea"; // close, code 1002
constexpr std::string_view ping_frame{"\x89\x00", 2};

std::string base64(const unsigned char* bytes, int size) {
  std::string text(static_cast<size_t>(4 * ((size + 2) / 3)), '\0');
  std::array<unsigned char, 64> buffer{};
  EVP_EncodeBlock(buffer.data(), bytes, size);
  std::copy_n(buffer.begin(), text.size(), text.begin());
  return text;
}

/// True when these are whole pongs of a client and nothing else. They need no answer.
bool are_pongs(std::string_view bytes) {
  constexpr auto final_pong = static_cast<char>(0x80 | WSLAY_PONG);
  constexpr unsigned masked = 0x80, longest = 125, head = 6;
  while (bytes.size() >= head) {
    const unsigned length = static_cast<unsigned char>(bytes[1]) ^ masked;
    if (bytes[0] != final_pong || length > longest || bytes.size() < head + length) return false;
    bytes.remove_prefix(head + length);
  }
  return bytes.empty();
}

/// RFC 6455 section 1.3.
std::string accept_value(std::string_view key) {
  std::string text{key};
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64(digest.data(), static_cast<int>(size));
}

/// 16 bytes in base64: 22 characters and two times "=".
bool is_key(std::string_view key) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.ends_with("==") && key.find_first_not_of(alphabet) == 22;
}

} // namespace

tl::expected<std::string, refusal> websocket_handshake(const httplib::Request& request) {
  const auto refuse = [](int status, std::string message) {
    return tl::unexpected{refusal{status, std::move(message)}};
  };
  if (request.method != "GET" || request.version != "HTTP/1.1")
    return refuse(400, "A WebSocket handshake is a GET request of HTTP/1.1.");
  if (!has_element(request.get_header_value("Connection"), "upgrade")
      || !has_element(request.get_header_value("Upgrade"), "websocket"))
    return refuse(426, "This address speaks WebSocket: send Connection: Upgrade and Upgrade: websocket.");
  if (trim(request.get_header_value("Sec-WebSocket-Version")) != "13")
    return refuse(426, "The only WebSocket version that is spoken here is 13.");
  const auto key = request.get_header_value("Sec-WebSocket-Key");
  if (!is_key(key)) return refuse(400, "Sec-WebSocket-Key must be 16 random bytes in base64.");
  return to_bytes(
      {.status = 101,
       .content_type = {},
       .headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", accept_value(key)}}},
      {});
}

struct websocket::state {
  explicit state(size_t message_limit);
  ~state() { wslay_event_context_free(context); }
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  void frame_started(const wslay_event_on_frame_recv_start_arg&);
  void close(uint16_t code, std::string_view reason);
  void flush();

  wslay_event_context_ptr context = nullptr;
  std::string_view input;
  std::string output;
  std::vector<std::string> messages;
  size_t fragment_count = 0;
  bool close_queued = false;
  bool broken = false; // after a protocol error the client's goodbye is not waited for
};

websocket::state::state(size_t message_limit) {
  wslay_event_callbacks callbacks{};
  callbacks.recv_callback = [](wslay_event_context_ptr ctx, uint8_t* to, size_t size, int, void* self) -> ssize_t {
    auto& in = static_cast<state*>(self)->input;
    const auto taken = std::min(size, in.size());
    if (taken == 0) {
      wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    std::copy_n(in.begin(), taken, to);
    in.remove_prefix(taken);
    return static_cast<ssize_t>(taken);
  };
  callbacks.send_callback = [](wslay_event_context_ptr, const uint8_t* from, size_t size, int, void* self) {
    static_cast<state*>(self)->output.append(reinterpret_cast<const char*>(from), size);
    return static_cast<ssize_t>(size);
  };
  callbacks.on_frame_recv_start_callback = [](wslay_event_context_ptr, const wslay_event_on_frame_recv_start_arg* frame,
                                              void* self) { static_cast<state*>(self)->frame_started(*frame); };
  callbacks.on_msg_recv_callback = [](wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message, void* self) {
    auto& me = *static_cast<state*>(self);
    if (message->opcode != WSLAY_TEXT_FRAME || me.close_queued) return;
    me.messages.emplace_back(reinterpret_cast<const char*>(message->msg), message->msg_length);
  };
  if (wslay_event_context_server_init(&context, &callbacks, this) != 0) throw std::bad_alloc{};
  wslay_event_config_set_max_recv_msg_length(context, message_limit);
}

void websocket::state::frame_started(const wslay_event_on_frame_recv_start_arg& frame) {
  if (wslay_is_ctrl_frame(frame.opcode)) return;
  fragment_count = frame.opcode == WSLAY_CONTINUATION_FRAME ? fragment_count + 1 : 1;
  const bool binary = frame.opcode == WSLAY_BINARY_FRAME;
  if (!binary && fragment_count <= fragments) return;
  if (binary)
    close(WSLAY_CODE_UNSUPPORTED_DATA, "only text is understood");
  else
    close(WSLAY_CODE_MESSAGE_TOO_BIG, "too many fragments");
  wslay_event_shutdown_read(context);
}

void websocket::state::close(uint16_t code, std::string_view reason) {
  if (close_queued) return;
  close_queued = true;
  reason = reason.substr(0, close_reason_bytes);
  wslay_event_queue_close(context, code, reinterpret_cast<const uint8_t*>(reason.data()), reason.size());
}

void websocket::state::flush() {
  wslay_event_send(context); // cannot fail: the output is a string
  close_queued = close_queued || wslay_event_get_close_sent(context);
}

websocket::websocket(size_t message_limit) : message_limit_{message_limit} {}
websocket::~websocket() = default;
websocket::websocket(websocket&&) noexcept = default;
websocket& websocket::operator=(websocket&&) noexcept = default;

websocket::state& websocket::speaking() {
  if (!state_) {
    state_ = std::make_unique<state>(message_limit_);
    state_->output = std::exchange(output_, {});
  }
  return *state_;
}

std::vector<std::string> websocket::feed(std::string_view bytes) {
  if (!state_ && are_pongs(bytes)) return {};
  auto& me = speaking();
  if (!wslay_event_get_read_enabled(me.context)) return {};
  me.input = bytes;
  const bool malformed = wslay_event_recv(me.context) != 0;
  me.input = {};
  me.broken = !wslay_event_get_read_enabled(me.context) && !wslay_event_get_close_received(me.context);
  if (malformed && !me.close_queued) {
    // A frame that is none: wslay would send a goodbye without a code, we say which fault it was.
    me.close_queued = true;
    me.output += protocol_error_frame;
    wslay_event_shutdown_write(me.context);
  }
  me.flush();
  return std::exchange(me.messages, {});
}

std::string websocket::take_output() { return std::exchange(state_ ? state_->output : output_, {}); }

void websocket::ping() {
  if (!state_) {
    output_ += ping_frame;
    return;
  }
  const wslay_event_msg message{.opcode = WSLAY_PING, .msg = nullptr, .msg_length = 0};
  if (!state_->close_queued) wslay_event_queue_msg(state_->context, &message);
  state_->flush();
}

void websocket::close(uint16_t code, std::string_view reason) {
  auto& me = speaking();
  me.close(code, reason);
  me.flush();
}

bool websocket::close_sent() const { return state_ && state_->close_queued; }

bool websocket::closed() const {
  return state_ && (state_->broken || (state_->close_queued && wslay_event_get_close_received(state_->context)));
}

uint16_t websocket::close_code() const {
  if (!state_) return WSLAY_CODE_ABNORMAL_CLOSURE;
  const bool malformed = state_->broken && !wslay_event_get_close_sent(state_->context);
  return malformed ? uint16_t{WSLAY_CODE_PROTOCOL_ERROR} : wslay_event_get_status_code_sent(state_->context);
}

std::string websocket::frame(std::string_view text) {
  constexpr uint8_t final_text = 0x80 | WSLAY_TEXT_FRAME;
  const auto size = text.size();
  std::string out;
  out.reserve(size + 10);
  const auto put = [&](uint64_t byte) { out += static_cast<char>(byte & 0xff); };
  put(final_text);
  if (size < 126)
    put(size);
  else {
    const int bytes = size <= 0xffff ? 2 : 8;
    put(bytes == 2 ? 126 : 127);
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) put(size >> shift);
  }
  out += text;
  return out;
}

} // namespace agentmon
