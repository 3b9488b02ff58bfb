#include "client.hpp"
#include "site.hpp"

#include <doctest/doctest.h>

#include <string>

namespace agentmon {
namespace {

using namespace frames;

std::string via(const site& server) { return "/tunnel?port=" + std::to_string(server.port()); }

TEST_CASE("a tunnel carries a WebSocket to another server") {
  auto settings = quick();
  settings.linger_timeout = std::chrono::milliseconds{100};
  site server{settings};
  site front{settings};
  client c{front.port()};
  REQUIRE(c.open_websocket(via(server)) == 101);
  CHECK(server.stats().websockets == 1);
  CHECK(front.stats().websockets == 0);
  for (const size_t size : std::initializer_list<size_t>{1, 1000, 900'000}) {
    REQUIRE(c.send(masked(text, std::string(size, 't'))));
    CHECK(c.read_frame()->payload.size() == size);
  }
  REQUIRE(c.send(goodbye(1000)));
  CHECK(c.read_frame()->code() == 1000);
  CHECK(c.wait_for_end());
  CHECK(eventually([&] { return front.stats().connections == 0; }));
}

TEST_CASE("when the browser goes, the other end is closed too") {
  site server{quick()};
  site front{quick()};
  {
    client c{front.port()};
    REQUIRE(c.open_websocket(via(server)) == 101);
  }
  CHECK(eventually([&] { return server.stats().connections == 0 && front.stats().connections == 0; }));
}

TEST_CASE("a slow browser slows the server down instead of filling memory") {
  auto settings = quick();
  settings.tunnel_backlog = 100'000;
  auto server_settings = quick();
  server_settings.viewer_backlog = 4'000'000;
  site server{server_settings};
  site front{settings};
  auto slow = client::with_small_buffer(front.port());
  REQUIRE(slow.open_websocket(via(server)) == 101);
  client c{server.port()};
  constexpr int frames_sent = 200;
  for (int i = 0; i < frames_sent; ++i) CHECK(c.ask(get("/push?n=1&size=100000")).status == 200);
  // The front may overshoot by what was on its way, not by what was sent.
  CHECK(eventually([&] { return server.history().size() == 2; }));
  CHECK(server.history().back() == "congested");
  CHECK(front.stats().unsent_bytes < 1'000'000);
  int read = 0;
  while (server.history().size() < 3 && slow.read_frame()) ++read;
  CHECK(server.history().back() == "caught up");
  CHECK(read > 0);
}

TEST_CASE("a tunnel to nowhere is answered") {
  site front{quick()};
  client c{front.port()};
  CHECK(c.open_websocket("/tunnel?port=1") == 502);
  CHECK(c.ask(get("/name/a")).status == 200);
}

} // namespace
} // namespace agentmon
