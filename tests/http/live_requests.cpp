#include "client.hpp"
#include "http/response.hpp"
#include "site.hpp"

#include <doctest/doctest.h>

#include <string>

namespace agentmon {
namespace {

TEST_CASE("one connection serves many requests") {
  site s;
  client c{s.port()};
  for (int i = 0; i < 5; ++i) {
    const auto a = c.ask(get("/name/n" + std::to_string(i)));
    CHECK(a.status == 200);
    CHECK(a.body == "n" + std::to_string(i));
    CHECK(a.headers.at("connection") == "keep-alive");
  }
  CHECK(s.stats().accepted == 1);
  CHECK(s.stats().requests == 5);
}

TEST_CASE("Connection: close and HTTP/1.0 close behind the answer") {
  site s;
  for (const auto& bytes : {get("/name/a", "Connection: close\r\n"), std::string{"GET /name/a HTTP/1.0\r\n\r\n"}}) {
    client c{s.port()};
    const auto a = c.ask(bytes);
    CHECK(a.status == 200);
    CHECK(a.headers.at("connection") == "close");
    CHECK(c.wait_for_end());
  }
  CHECK(eventually([&] { return s.stats().connections == 0; }));
}

TEST_CASE("fifty requests in one write are answered in order") {
  site s;
  client c{s.port()};
  std::string all;
  for (int i = 0; i < 50; ++i) all += i % 2 ? get("/name/" + std::to_string(i)) : post("/echo", std::to_string(i));
  REQUIRE(c.send(all));
  for (int i = 0; i < 50; ++i) CHECK(c.read_answer().body == std::to_string(i));
}

TEST_CASE("many large requests behind each other lose no byte") {
  site s;
  client c{s.port()};
  const std::string body(300'000, 'b');
  std::string all;
  for (int i = 0; i < 10; ++i) all += post("/echo", body + std::to_string(i));
  // The answers fit into no buffer, so they must be read while the requests are being sent.
  size_t sent = 0;
  int read = 0;
  bool all_right = true;
  while (sent < all.size()) {
    const auto n = c.send_some(std::string_view{all}.substr(sent, 100'000));
    sent += n;
    if (n == 0 && read < 9) all_right &= c.read_answer().body == body + std::to_string(read++);
    REQUIRE(all_right);
  }
  for (; all_right && read < 10; ++read) all_right &= c.read_answer().body == body + std::to_string(read);
  CHECK(all_right);
}

TEST_CASE("chunked and compressed bodies arrive as what they mean") {
  site s;
  client c{s.port()};
  CHECK(c.ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n")
            .body
        == "hello world");
  const std::string text(100'000, 'z');
  CHECK(c.ask(post("/echo", gzip(text, 6), "Content-Encoding: gzip\r\n")).body == text);
  CHECK(c.ask(post("/echo", "no gzip", "Content-Encoding: gzip\r\n")).status == 400);
  CHECK(c.ask(post("/echo", gzip(std::string(9'000'000, 'z'), 9), "Content-Encoding: gzip\r\n")).status == 413);
  CHECK(c.ask(get("/name/still-here")).body == "still-here");
}

TEST_CASE("a client that waits for 100 Continue gets it once") {
  site s;
  client c{s.port()};
  REQUIRE(c.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  CHECK(c.read_bytes(25) == "HTTP/1.1 100 Continue\r\n\r\n");
  REQUIRE(c.send("he"));
  CHECK(c.ask("llo").body == "hello");
  const auto a = c.ask("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n");
  CHECK(a.status == 413);
  CHECK(c.wait_for_end());
}

TEST_CASE("HEAD, OPTIONS, unknown paths and methods") {
  site s;
  client c{s.port()};
  REQUIRE(c.send("HEAD /name/abc HTTP/1.1\r\nHost: x\r\n\r\n"));
  const auto head = c.read_answer(true);
  CHECK(head.status == 200);
  CHECK(head.headers.at("content-length") == "3");
  const auto options = c.ask("OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(options.status == 204);
  CHECK(options.headers.at("allow") == "OPTIONS, POST");
  CHECK(c.ask(get("/nothing")).status == 404);
  CHECK(c.ask(get("/echo")).status == 405);
  CHECK(c.ask(get("/ws")).status == 426);
}

TEST_CASE("a request that could be understood in two ways ends the connection") {
  site s;
  for (const auto* headers : {"Content-Length: 5\r\nContent-Length: 6\r\n",
                              "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "X-A : b\r\n"}) {
    client c{s.port()};
    REQUIRE(c.send("POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string{headers} + "\r\nhello" + get("/name/hidden")));
    const auto a = c.read_answer();
    CHECK(a.status == 400);
    CHECK(a.headers.at("connection") == "close");
    CHECK(c.read_answer().status == 0);
  }
  CHECK(s.stats().requests == 0);
}

TEST_CASE("a handler that fails is answered for") {
  site s;
  client c{s.port()};
  CHECK(c.ask(get("/throw")).status == 500);
  CHECK(c.ask(get("/drop")).status == 500);
  CHECK(c.ask(get("/name/fine")).body == "fine");
}

TEST_CASE("an answer may come later, from another request") {
  site s;
  client waiting{s.port()};
  client other{s.port()};
  REQUIRE(waiting.send(get("/hold") + get("/name/next")));
  REQUIRE(eventually([&] { return s.stats().requests == 1; }));
  CHECK(other.ask(get("/release")).status == 200);
  CHECK(waiting.read_answer().body == "released");
  CHECK(waiting.read_answer().body == "next");
}

TEST_CASE("a client that leaves before its answer does no harm") {
  site s;
  {
    client gone{s.port()};
    REQUIRE(gone.send(get("/hold")));
    REQUIRE(eventually([&] { return s.stats().requests == 1; }));
  }
  REQUIRE(eventually([&] { return s.stats().connections == 0; }));
  client c{s.port()};
  CHECK(c.ask(get("/release")).status == 200);
  CHECK(c.ask(get("/name/fine")).body == "fine");
}

TEST_CASE("a taken port is told before anything starts") {
  site s;
  const auto second =
      listen(s.system(), {"127.0.0.1", s.port()}, {spawn_worker(s.system(), [](worker_context&) { return router{}; })});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == fault::unavailable);
}

} // namespace
} // namespace agentmon
