#include "http/websocket.hpp"

#include "frames.hpp"
#include "http/request.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace agentmon {
namespace {

using namespace frames;
using texts = std::vector<std::string>;

std::string handshake(std::string_view headers) {
  return "GET /ws HTTP/1.1\r\nHost: x\r\n" + std::string{headers} + "\r\n";
}

/// Feeds bytes to a fresh WebSocket; the code that it says goodbye with, 0 when it does not.
uint16_t verdict(std::string_view bytes, size_t step) {
  agentmon::websocket s{1000};
  for (size_t at = 0; at < bytes.size(); at += step) s.feed(bytes.substr(at, step));
  auto out = s.take_output();
  while (const auto f = take(out))
    if (f->opcode == close) return f->code();
  return 0;
}

TEST_CASE("the handshake of RFC 6455 is answered as it says") {
  const auto answer = websocket_handshake(
      *parse_request(handshake("Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")));
  REQUIRE(answer);
  CHECK(answer->starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK(answer->find("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  CHECK(answer->find("\r\nConnection: Upgrade\r\n") != std::string::npos);
  CHECK(answer->find("keep-alive") == std::string::npos);
  CHECK(answer->ends_with("\r\n\r\n"));
}

TEST_CASE("a wrong handshake is refused") {
  const auto status = [](std::string_view headers) {
    const auto answer = websocket_handshake(*parse_request(handshake(headers)));
    return answer ? 101 : answer.error().status;
  };
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  CHECK(status(upgrade + key + "Sec-WebSocket-Version: 8\r\n") == 426);
  CHECK(status(upgrade + key) == 426);
  CHECK(status(key + "Sec-WebSocket-Version: 13\r\n") == 426);
  CHECK(status(upgrade + "Sec-WebSocket-Version: 13\r\n") == 400);
  const auto old =
      websocket_handshake(*parse_request("GET /ws HTTP/1.0\r\n" + upgrade + key + "Sec-WebSocket-Version: 13\r\n\r\n"));
  REQUIRE(!old);
  CHECK(old.error().status == 400);
  CHECK(status(upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short==\r\n") == 400);
  CHECK(status(upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==\r\n") == 400);
}

TEST_CASE("a viewer may be silent but for its pongs, and speak later") {
  agentmon::websocket s;
  CHECK(s.take_output().empty());
  CHECK(!s.close_sent());
  CHECK(!s.closed());
  CHECK(s.close_code() == 1006);
  s.ping();
  auto out = s.take_output();
  CHECK(take(out)->opcode == ping);
  CHECK(out.empty());
  CHECK(s.feed(masked(pong, "") + masked(pong, std::string(125, 'p'))).empty());
  CHECK(s.feed(masked(pong, "cut").substr(0, 4)).empty());
  CHECK(s.feed(masked(pong, "cut").substr(4) + masked(text, "hello")) == texts{"hello"});
  s.ping();
  out = s.take_output();
  CHECK(take(out)->opcode == ping);
}

TEST_CASE("a pong that breaks the rules is refused as the first thing, too") {
  CHECK(verdict(masked(pong, "", true, 4), 100) == 1002);
  CHECK(verdict(masked(pong, "", false), 100) == 1002);
  CHECK(verdict(std::string{"\x8a\x00\x8a\x00\x8a\x00", 6}, 100) == 1002);
  CHECK(verdict(masked(pong, std::string(126, 'p')), 100) == 1002);
}

TEST_CASE("texts come out whole, however they were cut") {
  const auto bytes = masked(text, "one") + masked(text, "t", false) + masked(ping, "p") + masked(0, "w", false)
                     + masked(0, "o") + masked(text, "") + masked(text, std::string(500, 'x')) + masked(pong, "");
  for (const size_t step : {size_t{1}, size_t{3}, bytes.size()}) {
    agentmon::websocket s{1000};
    texts out;
    for (size_t at = 0; at < bytes.size(); at += step)
      for (auto& message : s.feed(std::string_view{bytes}.substr(at, step))) out.push_back(std::move(message));
    CHECK(out == texts{"one", "two", "", std::string(500, 'x')});
    auto answers = s.take_output();
    const auto f = take(answers);
    REQUIRE(f);
    CHECK(f->opcode == pong);
    CHECK(f->payload == "p");
    CHECK(answers.empty());
    CHECK_FALSE(s.closed());
  }
}

TEST_CASE("a broken protocol is answered with its code") {
  struct example {
    const char* name;
    std::string bytes;
    uint16_t code;
  };
  std::string fragments = masked(text, "", false);
  for (int i = 0; i < 20'000; ++i) fragments += masked(0, "", false);
  const std::vector<example> examples = {
      {"unmasked", agentmon::websocket::frame("x"), 1002},
      {"reserved bit", masked(text, "x", true, 4), 1002},
      {"reserved opcode", masked(3, "x"), 1002},
      {"reserved control opcode", masked(11, ""), 1002},
      {"continuation of nothing", masked(0, "x"), 1002},
      {"text within a text", masked(text, "x", false) + masked(text, "y"), 1002},
      {"fragmented ping", masked(ping, "x", false), 1002},
      {"long ping", masked(ping, std::string(126, 'x')), 1002},
      {"binary", masked(binary, "x"), 1003},
      {"no UTF-8", masked(text, "a\xff"), 1007},
      {"overlong UTF-8", masked(text, "\xc0\xaf"), 1007},
      {"surrogate", masked(text, "\xed\xa0\x80"), 1007},
      {"half a character", masked(text, "\xc3"), 1007},
      {"large", masked(text, std::string(1001, 'x')), 1009},
      {"large in parts", masked(text, std::string(600, 'x'), false) + masked(0, std::string(401, 'x')), 1009},
      {"empty fragments without end", fragments, 1009},
      {"forbidden close code", goodbye(1005), 1002},
      {"unassigned close code", goodbye(999), 1002},
      {"goodbye", goodbye(1000, "done"), 1000},
      {"goodbye of an application", goodbye(4001), 4001},
      {"goodbye without a code", masked(close, ""), 1005},
  };
  for (const auto& [name, bytes, code] : examples) {
    const auto& example_name = name; // clang 14 cannot capture a structured binding
    CAPTURE(example_name);
    CHECK(verdict(bytes, bytes.size()) == code);
    CHECK(verdict(bytes, 1) == code);
  }
  CHECK(verdict(goodbye(1000, "\xff"), 100) == 1007); // wslay checks a reason only when it comes in one piece
  CHECK(verdict(masked(text, "\xc3\xa4 \xf0\x9f\x98\x80"), 1) == 0);
  CHECK(verdict(masked(text, "\xc3", false) + masked(0, "\xa4"), 1) == 0); // a character over two fragments
}

TEST_CASE("nothing is taken after an error, and the end need not be waited for") {
  agentmon::websocket s;
  CHECK(s.feed(masked(text, "good") + masked(binary, "x") + masked(text, "late")) == texts{"good"});
  CHECK(s.closed());
  CHECK(s.close_code() == 1003);
  CHECK(s.feed(masked(text, "later")).empty());
}

TEST_CASE("a goodbye of ours waits for theirs") {
  agentmon::websocket s;
  s.close(1001, std::string(500, 'r'));
  s.close(1011, "second");
  auto out = s.take_output();
  const auto f = take(out);
  REQUIRE(f);
  CHECK(f->code() == 1001);
  CHECK(f->payload.size() == 125);
  CHECK(out.empty());
  CHECK(s.close_sent());
  CHECK_FALSE(s.closed());
  s.ping();
  CHECK(s.feed(masked(text, "crossed on the way")).empty());
  CHECK(s.feed(goodbye(1001)).empty());
  CHECK(s.take_output().empty());
  CHECK(s.closed());
  CHECK(s.close_code() == 1001);
}

TEST_CASE("pings go out, frames of every size can be read back") {
  agentmon::websocket s;
  CHECK(s.close_code() == 1006);
  s.ping();
  auto out = s.take_output();
  CHECK(take(out)->opcode == ping);
  for (const size_t size : std::initializer_list<size_t>{0, 1, 125, 126, 65535, 65536, 300'000}) {
    auto bytes = agentmon::websocket::frame(std::string(size, 'x'));
    const auto f = take(bytes);
    REQUIRE(f);
    CHECK(f->opcode == text);
    CHECK(f->payload == std::string(size, 'x'));
    CHECK(bytes.empty());
  }
}

} // namespace
} // namespace agentmon
