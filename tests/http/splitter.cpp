#include "http/splitter.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {
namespace {

using state = splitter::state;

constexpr size_t small_head = 200;
constexpr size_t small_body = 100;

struct verdict {
  state what = state::more;
  int status = 0;
  size_t begin = 0;
  size_t length = 0;
  bool keep_alive = false;
  bool operator==(const verdict&) const = default;
};

verdict read(const splitter& s, state what) {
  verdict v{what};
  if (what == state::refused) v.status = s.status();
  if (what == state::whole) v = {what, 0, s.begin(), s.length(), s.keep_alive()};
  return v;
}

verdict at_once(std::string_view bytes) {
  splitter s{small_head, small_body};
  const auto what = s.feed(bytes);
  return read(s, what);
}

verdict in_steps(std::string_view bytes, size_t step) {
  splitter s{small_head, small_body};
  auto what = state::more;
  for (size_t end = 0; what == state::more && end < bytes.size();) {
    end = std::min(end + step, bytes.size());
    what = s.feed(bytes.substr(0, end));
  }
  return read(s, what);
}

struct example {
  const char* name;
  std::string bytes;
  verdict expected;
};

std::string get(std::string_view more_headers = "") {
  return "GET /a HTTP/1.1\r\nHost: x\r\n" + std::string{more_headers} + "\r\n";
}

std::string post(std::string_view headers, std::string_view body) {
  return "POST /a HTTP/1.1\r\nHost: x\r\n" + std::string{headers} + "\r\n" + std::string{body};
}

example whole(const char* name, std::string bytes, bool keep_alive = true) {
  const auto size = bytes.size();
  return {name, std::move(bytes), {state::whole, 0, 0, size, keep_alive}};
}

example refused(const char* name, std::string bytes, int status) {
  return {name, std::move(bytes), {state::refused, status}};
}

example more(const char* name, std::string bytes) { return {name, std::move(bytes), {}}; }

std::vector<example> examples() {
  using namespace std::string_literals;
  const auto chunked = "Transfer-Encoding: chunked\r\n";
  return {
      whole("get", get()),
      whole("close", get("Connection: close\r\n"), false),
      whole("close among others", get("Connection: foo, Close\r\n"), false),
      whole("1.0", "GET / HTTP/1.0\r\n\r\n", false),
      whole("1.0 kept alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
      whole("empty value", get("X-A:\r\n")),
      whole("blanks around a value", get("X-A: \t b \t\r\n")),
      whole("bytes beyond ASCII in a value", get("X-A: \xc3\xa4\r\n")),
      whole("length", post("Content-Length: 5\r\n", "hello")),
      whole("length zero", post("Content-Length: 0\r\n", "")),
      whole("no length", post("", "")),
      whole("largest body", post("Content-Length: 100\r\n", std::string(100, 'x'))),
      whole("chunks", post(chunked, "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n")),
      whole("no chunks", post(chunked, "0\r\n\r\n")),
      whole("chunk extension", post(chunked, "5;a=b\r\nhello\r\n0\r\n\r\n")),
      whole("trailers", post(chunked, "1\r\nx\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n")),
      whole("coding in capitals", post("TRANSFER-ENCODING: Chunked\r\n", "0\r\n\r\n")),
      {"empty line before", "\r\n\r\n" + get(), {state::whole, 0, 4, get().size(), true}},
      {"pipelined", get() + "GET", {state::whole, 0, 0, get().size(), true}},

      more("nothing", ""),
      more("half a line", "GET /a HT"),
      more("no end", "GET / HTTP/1.1\r\nHost: x\r\n"),
      more("half a body", post("Content-Length: 5\r\n", "hell")),
      more("half a chunk", post(chunked, "5\r\nhel")),
      more("no last chunk", post(chunked, "5\r\nhello\r\n")),
      more("no end of trailers", post(chunked, "0\r\nX-A: b\r\n")),

      refused("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400),
      refused("the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400),
      refused("a list of lengths", post("Content-Length: 5, 5\r\n", "hello"), 400),
      refused("signed length", post("Content-Length: +5\r\n", "hello"), 400),
      refused("negative length", post("Content-Length: -5\r\n", "hello"), 400),
      refused("hexadecimal length", post("Content-Length: 0x5\r\n", "hello"), 400),
      refused("empty length", post("Content-Length:\r\n", "hello"), 400),
      refused("huge length", post("Content-Length: 99999999999999999999\r\n", ""), 413),
      refused("length above the limit", post("Content-Length: 101\r\n", ""), 413),
      refused("length and chunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
      refused("chunks and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400),
      refused("unknown coding", post("Transfer-Encoding: gzip\r\n", ""), 501),
      refused("coding list", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501),
      refused("quoted coding", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 501),
      refused("vertical tab in the coding",
              post("Transfer-Encoding: \x0b"
                   "chunked\r\n",
                   "0\r\n\r\n"),
              400),
      refused("two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
      refused("coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
      refused("folded header", get("X-A: b\r\n c\r\n"), 400),
      refused("fold before the first header", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400),
      refused("blank before the colon", post("Content-Length : 5\r\n", "hello"), 400),
      refused("empty name", get(": b\r\n"), 400),
      refused("no colon", get("nonsense\r\n"), 400),
      refused("NUL in a value", get("X-A: a\0b\r\n"s), 400),
      refused("NUL in a name", get("X\0A: b\r\n"s), 400),
      refused("carriage return in a value", get("X-A: a\rContent-Length: 5\r\n"), 400),
      refused("line feeds only", "GET / HTTP/1.1\nHost: x\n\n", 400),
      refused("one bare line feed", get("X-A: b\nX-C: d\r\n"), 400),
      refused("no host", "GET / HTTP/1.1\r\n\r\n", 400),
      refused("two hosts", get("Host: y\r\n"), 400),
      refused("two words", "GET /\r\n\r\n", 400),
      refused("four words", "GET / a HTTP/1.1\r\n\r\n", 400),
      refused("two blanks", "GET  / HTTP/1.1\r\n\r\n", 400),
      refused("tab in the request line", "GET\t/\tHTTP/1.1\r\n\r\n", 400),
      refused("control character in the target", "GET /\x01 HTTP/1.1\r\n\r\n", 400),
      refused("fragment in the target", "GET /a#b HTTP/1.1\r\n\r\n", 400),
      refused("method that is no token", "G(T / HTTP/1.1\r\n\r\n", 400),
      refused("HTTP/2", "PRI * HTTP/2.0\r\n\r\n", 505),
      refused("HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", 505),
      refused("no version", "GET / FTP/1.1\r\n\r\n", 400),
      refused("TLS", "\x16\x03\x01\x02\n", 400),
      refused("expectation", post("Expect: the best\r\nContent-Length: 5\r\n", ""), 417),
      refused("long line", "GET /" + std::string(300, 'a'), 431),
      refused("many headers", get("X-A: " + std::string(80, 'a') + "\r\nX-B: " + std::string(80, 'b') + "\r\n"), 431),
      refused("chunk size with sign", post(chunked, "-5\r\nhello\r\n0\r\n\r\n"), 400),
      refused("chunk size with prefix", post(chunked, "0x5\r\nhello\r\n0\r\n\r\n"), 400),
      refused("no chunk size", post(chunked, "\r\n"), 400),
      refused("chunk size overflow", post(chunked, "fffffffffffffffff\r\n"), 413),
      refused("chunk above the limit", post(chunked, "65\r\n"), 413),
      refused("chunks above the limit", post(chunked, "32\r\n" + std::string(50, 'x') + "\r\n33\r\n"), 413),
      refused("chunk longer than its size", post(chunked, "4\r\nhello\r\n0\r\n\r\n"), 400),
      refused("chunk ends with line feed", post(chunked, "5\r\nhello\n0\r\n\r\n"), 400),
      refused("chunk size ends with line feed", post(chunked, "5\nhello\r\n0\r\n\r\n"), 400),
      refused("chunk extension without semicolon", post(chunked, "5 a\r\nhello\r\n"), 400),
      refused("long chunk extension", post(chunked, "5;" + std::string(300, 'a')), 400),
      refused("all bytes for tiny chunks",
              post(chunked,
                   [] {
                     std::string body;
                     for (int i = 0; i < 40; ++i) body += "1\r\nx\r\n";
                     return body;
                   }()),
              413),
      refused("folded trailer", post(chunked, "0\r\nX-A: b\r\n c\r\n\r\n"), 400),
      refused("long trailers", post(chunked, "0\r\nX-A: " + std::string(300, 'a')), 431),
  };
}

TEST_CASE("a request is whole, wanting or refused, however its bytes arrive") {
  for (const auto& [name, bytes, expected] : examples()) {
    const auto& example_name = name; // clang 14 cannot capture a structured binding
    CAPTURE(example_name);
    const auto once = at_once(bytes);
    CHECK(once.what == expected.what);
    CHECK(once.status == expected.status);
    CHECK(once.begin == expected.begin);
    CHECK(once.length == expected.length);
    CHECK(once.keep_alive == expected.keep_alive);
    for (const size_t step : std::initializer_list<size_t>{1, 2, 3, 7}) CHECK(in_steps(bytes, step) == once);
  }
}

TEST_CASE("every refusal has a sentence") {
  for (const auto& [name, bytes, expected] : examples()) {
    splitter s{small_head, small_body};
    if (s.feed(bytes) != state::refused) continue;
    const auto& example_name = name; // clang 14 cannot capture a structured binding
    CAPTURE(example_name);
    CHECK(s.reason().ends_with('.'));
  }
}

TEST_CASE("a body that is too large is refused before it comes") {
  splitter s;
  CHECK(s.feed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8388609\r\n") == state::refused);
  CHECK(s.status() == 413);
}

TEST_CASE("pipelined requests come out one by one") {
  std::string buffer;
  for (int i = 0; i < 5; ++i) buffer += post("Content-Length: 1\r\n", std::to_string(i));
  splitter s;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(s.feed(buffer) == state::whole);
    CHECK(buffer[s.begin() + s.length() - 1] == static_cast<char>('0' + i));
    buffer.erase(0, s.begin() + s.length());
    s.reset();
  }
  CHECK(buffer.empty());
}

TEST_CASE("100-continue is wanted only before a body, and by HTTP/1.1") {
  const auto wants = [](std::string_view bytes) {
    splitter s;
    s.feed(bytes);
    return s.head_complete() && s.wants_continue();
  };
  CHECK(wants("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  CHECK(wants("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n"));
  CHECK_FALSE(wants("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"));
  CHECK_FALSE(wants("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  CHECK_FALSE(wants("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"));
}

TEST_CASE("a WebSocket handshake is told from other requests") {
  const auto upgrade = [](std::string_view bytes) {
    splitter s;
    CHECK(s.feed(bytes) == state::whole);
    return s.upgrade();
  };
  CHECK(upgrade(get("Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n")));
  CHECK_FALSE(upgrade(get("Connection: keep-alive\r\nUpgrade: websocket\r\n")));
  CHECK_FALSE(upgrade(get("Connection: Upgrade\r\nUpgrade: h2c\r\n")));
  CHECK_FALSE(upgrade(post("Connection: Upgrade\r\nUpgrade: websocket\r\n", "")));
}

TEST_CASE("a sender of single bytes costs no more than linear time") {
  const auto request = post("Content-Length: 2000000\r\n", std::string(2'000'000, 'x'));
  splitter s;
  const auto start = std::chrono::steady_clock::now();
  bool all_more = true;
  for (size_t size = 1; size < request.size(); ++size) all_more &= s.feed({request.data(), size}) == state::more;
  CHECK(all_more);
  CHECK(s.feed(request) == state::whole);
  // Quadratic time would be hours; linear time is some ten milliseconds.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{20});
}

} // namespace
} // namespace agentmon
