#include "../http/frames.hpp"
#include "check.hpp"
#include "http/request.hpp"
#include "http/splitter.hpp"
#include "http/websocket.hpp"

#include <string>

// One WebSocket client. An input that begins with "GET " is its handshake and the frames behind it, any other is
// frames only. However the bytes are cut, the same texts, answers and end come out of them.
namespace agentmon::fuzz {
namespace {

constexpr size_t small_limit = 1000; // reached by inputs of the usual size

struct conversation {
  std::vector<std::string> texts;
  std::string output;
  bool closed = false;
  bool close_sent = false;
  uint16_t code = 0;
};

/// What was answered before the goodbye, and its code (0 without one).
struct answers {
  std::string pongs;
  uint16_t goodbye = 0;
};

answers answers_of(std::string output) {
  answers all;
  const auto whole = output;
  while (!output.empty()) {
    const auto frame = frames::take(output);
    if (!frame) return all; // check_output says so
    if (frame->opcode == frames::close) {
      all.goodbye = frame->code();
      break;
    }
    all.pongs = whole.substr(0, whole.size() - output.size());
  }
  return all;
}

/// Two conversations are the same but for two things that may depend on the cuts once a connection comes to its end.
/// Pongs that are still owed when the protocol is broken are not sent. And wslay judges the reason in a client's
/// goodbye piece by piece, without the first two bytes of each, so that it may or may not be taken for UTF-8.
void check_same(const conversation& a, const conversation& b) {
  constexpr uint16_t no_utf_8 = 1007;
  check(a.texts == b.texts, "cuts change no text");
  const auto of_a = answers_of(a.output);
  const auto of_b = answers_of(b.output);
  check(of_a.pongs.starts_with(of_b.pongs) || of_b.pongs.starts_with(of_a.pongs), "cuts change no pong");
  if ((a.code == no_utf_8) != (b.code == no_utf_8)) return;
  check(a.closed == b.closed && a.close_sent == b.close_sent && a.code == b.code && of_a.goodbye == of_b.goodbye,
        "cuts change no goodbye");
  check(a.closed || a.output == b.output, "cuts change no answer");
}

void check_output(std::string output) {
  bool said_goodbye = false;
  while (!output.empty()) {
    const auto frame = frames::take(output);
    check(frame.has_value(), "what is sent are whole frames");
    check(!said_goodbye, "nothing is sent behind a goodbye");
    check(frame->opcode == frames::pong || frame->opcode == frames::close, "only pongs and goodbyes answer a client");
    check(frame->payload.size() <= 125, "control frames are short");
    said_goodbye = frame->opcode == frames::close;
  }
}

conversation talk(std::string_view input, cutting way) {
  conversation heard;
  websocket socket{small_limit};
  for (const auto size : cut(input, way)) {
    const exact_copy piece{input.substr(0, size)};
    input.remove_prefix(size);
    for (auto& text : socket.feed(piece.text())) {
      check(!heard.closed, "nothing is taken after the end");
      heard.texts.push_back(std::move(text));
    }
    heard.output += socket.take_output();
    check(!heard.closed || socket.closed(), "what is closed stays closed");
    heard.closed = socket.closed();
  }
  heard.close_sent = socket.close_sent();
  heard.code = socket.close_code();
  check(!heard.closed || heard.close_sent, "no end without a goodbye");
  return heard;
}

/// Our own pings and goodbye come at any time between the client's pieces.
void talk_both_ways(std::string_view input) {
  websocket socket{small_limit};
  std::string output;
  size_t pieces = 0;
  for (const auto size : cut(input, cutting::random)) {
    ++pieces;
    if (pieces % 3 == 0) socket.ping();
    if (pieces == 8) socket.close(1001, "the server is stopping");
    socket.feed(exact_copy{input.substr(0, size)}.text());
    input.remove_prefix(size);
    output += socket.take_output();
  }
  bool said_goodbye = false;
  while (!output.empty()) {
    const auto frame = frames::take(output);
    check(frame && !said_goodbye, "whole frames, and nothing behind a goodbye");
    said_goodbye = frame->opcode == frames::close;
  }
}

void check_frames(std::string_view input) {
  const auto heard = talk(input, cutting::whole);
  check_output(heard.output);
  size_t bytes = 0;
  for (const auto& text : heard.texts) {
    check(text.size() <= small_limit && is_utf_8(text), "a text is UTF-8 within the limit");
    bytes += text.size();
  }
  check(bytes <= input.size(), "texts are no longer than what came");
  check(heard.output.size() <= input.size() + 130, "answers are no longer than what came");
  check_same(heard, talk(input, cutting::bytes));
  check_same(heard, talk(input, cutting::random));
  talk_both_ways(input);
}

/// The bytes behind the handshake; nothing when it is none.
std::string_view after_handshake(std::string_view input) {
  splitter s;
  if (s.feed(input) != splitter::state::whole) return {};
  const auto request = parse_request(input.substr(s.begin(), s.length()));
  if (!request) return {};
  const auto answer = websocket_handshake(*request);
  if (!answer) {
    check((answer.error().status == 400 || answer.error().status == 426) && answer.error().message.ends_with('.'),
          "a refused handshake is told why");
    return {};
  }
  const bool has_body = request->has_header("Content-Length") || request->has_header("Transfer-Encoding");
  check(s.upgrade() || has_body, "what the worker takes for a handshake, the splitter does, too");
  check(answer->starts_with("HTTP/1.1 101 ") && answer->find("\r\n\r\n") == answer->size() - 4, "the answer is a head");
  check(answer->find("\r\nSec-WebSocket-Accept: ") != std::string::npos, "the key is answered");
  return input.substr(s.begin() + s.length());
}

} // namespace
} // namespace agentmon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace agentmon::fuzz;
  const auto input = text_of(data, size);
  check_frames(input.starts_with("GET ") ? after_handshake(input) : input);
  return 0;
}
