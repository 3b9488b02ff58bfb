#include "client.hpp"
#include "site.hpp"

#include <doctest/doctest.h>

#include <list>
#include <string>

namespace agentmon {
namespace {

using namespace std::chrono_literals;
using namespace frames;
using strings = std::vector<std::string>;

TEST_CASE("a WebSocket echoes, pings and says goodbye") {
  site s;
  client c{s.port()};
  CHECK(c.ask(get("/name/before")).status == 200);
  REQUIRE(c.open_websocket("/ws") == 101);
  CHECK(s.stats().websockets == 1);
  for (const size_t size : std::initializer_list<size_t>{0, 1, 200, 70'000, 1'000'000}) {
    REQUIRE(c.send(masked(text, std::string(size, 'e'))));
    CHECK(c.read_frame()->payload.size() == size);
  }
  REQUIRE(c.send(masked(ping, "p")));
  const auto f = c.read_frame();
  REQUIRE(f);
  CHECK(f->opcode == pong);
  CHECK(f->payload == "p");
  REQUIRE(c.send(goodbye(1000)));
  CHECK(c.read_frame()->code() == 1000);
  CHECK(c.wait_for_end());
  CHECK(eventually([&] { return s.history() == strings{"opened", "closed"}; }));
  CHECK(s.stats().websockets == 0);
}

TEST_CASE("frames that come with the handshake are not lost") {
  site s;
  client c{s.port()};
  REQUIRE(c.send(get("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
                 + masked(text, "early")));
  CHECK(c.read_answer().status == 101);
  CHECK(c.read_frame()->payload == "early");
}

TEST_CASE("a handshake can be refused") {
  site s;
  client c{s.port()};
  CHECK(c.open_websocket("/ws?refuse=1") == 403);
  CHECK(c.open_websocket("/nothing") == 404);
  CHECK(c.open_websocket("/ws") == 101);
  CHECK(eventually([&] { return s.history() == strings{"opened"}; }));
}

TEST_CASE("a broken protocol ends the WebSocket") {
  site s;
  client c{s.port()};
  REQUIRE(c.open_websocket("/ws") == 101);
  REQUIRE(c.send(masked(binary, "x")));
  CHECK(c.read_frame()->code() == 1003);
  CHECK(c.wait_for_end());
  CHECK(eventually([&] { return s.history() == strings{"opened", "closed"}; }));
}

TEST_CASE("the application may say goodbye") {
  auto settings = quick();
  settings.linger_timeout = 100ms;
  site s{settings};
  client c{s.port()};
  REQUIRE(c.open_websocket("/ws") == 101);
  REQUIRE(c.send(masked(text, "close")));
  const auto f = c.read_frame();
  REQUIRE(f);
  CHECK(f->code() == 4000);
  CHECK(f->payload.substr(2) == "as you wish");
  CHECK(c.wait_for_end()); // even though the client has not answered the goodbye
  CHECK(eventually([&] { return s.history() == strings{"opened", "closed"}; }));
}

TEST_CASE("one frame reaches many viewers") {
  site s;
  std::list<client> viewers;
  for (int i = 0; i < 100; ++i) REQUIRE(viewers.emplace_back(s.port()).open_websocket("/ws") == 101);
  client c{s.port()};
  CHECK(c.ask(get("/push?n=3&size=1000")).status == 200);
  for (auto& viewer : viewers)
    for (int i = 0; i < 3; ++i) CHECK(viewer.read_frame()->payload.size() == 1000);
}

TEST_CASE("a slow viewer is told of, misses frames and catches up; others miss nothing") {
  auto settings = quick();
  settings.viewer_backlog = 100'000;
  site s{settings};
  auto slow = client::with_small_buffer(s.port());
  client fast{s.port()};
  REQUIRE(slow.open_websocket("/ws") == 101);
  REQUIRE(fast.open_websocket("/ws") == 101);
  client c{s.port()};
  constexpr int rounds = 100;
  for (int i = 0; i < rounds; ++i) {
    CHECK(c.ask(get("/push?n=1&size=100000")).status == 200);
    CHECK(fast.read_frame()->payload.size() == 100'000);
  }
  REQUIRE(eventually([&] { return s.history() == strings{"opened", "opened", "congested"}; }));
  int read = 0;
  while (s.history().size() < 4 && slow.read_frame()) ++read;
  CHECK(s.history().back() == "caught up");
  CHECK(read < rounds);
  CHECK(s.stats().slow_closed == 0);
}

TEST_CASE("a client that sends faster than its texts are dealt with has to wait") {
  auto settings = quick();
  settings.websocket_unanswered = 4;
  site s{settings};
  client c{s.port()};
  REQUIRE(c.open_websocket("/ws") == 101);
  // Each text fills a read of its own, so that the listener can stop between them.
  constexpr size_t sent = 50;
  const auto hold = masked(text, "hold") + masked(ping, std::string(100, 'p'));
  for (size_t i = 0; i < sent; ++i) {
    REQUIRE(c.send(hold));
    if (i < 4) REQUIRE(c.read_frame()->opcode == pong);
  }
  client other{s.port()};
  CHECK(other.ask(get("/name/a")).status == 200);
  CHECK(s.texts < sent);
  CHECK(eventually([&] {
    CHECK(other.ask(get("/release")).status == 200);
    return s.texts == sent;
  }));
}

TEST_CASE("a silent client is pinged, then given up") {
  auto settings = quick();
  settings.ping_interval = 50ms;
  settings.pong_timeout = 200ms;
  site s{settings};
  client c{s.port()};
  REQUIRE(c.open_websocket("/ws") == 101);
  CHECK(c.read_frame()->opcode == ping);
  REQUIRE(c.send(masked(pong, "")));
  CHECK(c.read_frame()->opcode == ping);
  CHECK(c.wait_for_end());
  CHECK(eventually([&] { return s.history() == strings{"opened", "closed"}; }));
  CHECK(s.stats().timed_out == 1);
}

} // namespace
} // namespace agentmon
