#include "bus/tap.hpp"

#include "tests/bus/nats_fixture.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace agentmon;
using namespace agentmon::bus;
using namespace agentmon::bus::test;

TEST_CASE("a tap hears what is published, in order, beside the consumer") {
  const nats_server server;
  epoch now{server.settings()};
  collected<std::string> heard;
  const auto feed = tap::open(now.bus, [&](std::string_view payload) { heard.add(std::string{payload}); });
  REQUIRE(feed);
  for (int i = 0; i < 100; ++i) now.publish(std::to_string(i), "id-" + std::to_string(i));
  const auto all = heard.wait_for(100);
  REQUIRE(all.size() == 100);
  for (size_t i = 0; i < 100; ++i) CHECK(all[i] == "[" + std::to_string(i) + "]");
  CHECK(feed->dropped() == 0);
  CHECK(ensure_stream(now.bus)->messages == 100);
}

TEST_CASE("a slow tap misses some, counts them and holds nobody up") {
  const nats_server server;
  epoch now{server.settings()};
  std::promise<void> release;
  std::atomic<int> heard{0};
  const auto feed = tap::open(now.bus, [&, wait = release.get_future().share()](std::string_view) {
    wait.wait();
    ++heard;
  });
  REQUIRE(feed);
  const int published = limits::tap_messages + 500;
  for (int i = 0; i < published; ++i) REQUIRE(now.out.publish("{}", std::to_string(i), static_cast<uint64_t>(i)));
  CHECK(now.answers.wait_for(static_cast<size_t>(published)).size() == static_cast<size_t>(published));
  CHECK(eventually([&] { return feed->dropped() >= 499; }));
  release.set_value();
  CHECK(eventually([&] { return heard + static_cast<int>(feed->dropped()) == published; }));
}
