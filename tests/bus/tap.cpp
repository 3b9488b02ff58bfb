#include "bus/tap.hpp"

#include "bus/handles.hpp"
#include "bus/publish.hpp"
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
  const auto begin = agentmon::now();
  const auto feed = tap::open(now.bus, [&](const tapped& message) {
    CHECK(message.published.value_or(timestamp{}) >= begin);
    heard.add(std::string{message.payload});
  });
  REQUIRE(feed);
  for (int i = 0; i < 100; ++i) now.publish(std::to_string(i), "id-" + std::to_string(i));
  const auto all = heard.wait_for(100);
  REQUIRE(all.size() == 100);
  for (size_t i = 0; i < 100; ++i) CHECK(all[i] == "[" + std::to_string(i) + "]");
  CHECK(feed->dropped() == 0);
  CHECK(ensure_stream(now.bus)->messages == 100);
}

TEST_CASE("a tap hears other programs, too, without a time or with nonsense for one") {
  const nats_server server;
  epoch now{server.settings()};
  collected<std::string> heard;
  const auto feed = tap::open(now.bus, [&](const tapped& message) {
    CHECK(!message.published);
    heard.add(std::string{message.payload});
  });
  REQUIRE(feed);
  const auto publish = [&](const char* time) {
    natsMsg* raw = nullptr;
    REQUIRE(natsMsg_Create(&raw, now.bus.settings().subject.c_str(), nullptr, "{}", 2) == NATS_OK);
    const nats_message_handle message{raw};
    if (time != nullptr) REQUIRE(natsMsgHeader_Set(raw, published_header, time) == NATS_OK);
    CHECK(natsConnection_PublishMsg(now.bus.nats(), raw) == NATS_OK);
  };
  for (const char* time : std::initializer_list<const char*>{nullptr, "", "soon", "12x", "99999999999999999999"})
    publish(time);
  CHECK(heard.wait_for(5).size() == 5);
}

TEST_CASE("a slow tap misses some, counts them and holds nobody up") {
  const nats_server server;
  epoch now{server.settings()};
  std::promise<void> release;
  std::atomic<int> heard{0};
  const auto feed = tap::open(now.bus, [&, wait = release.get_future().share()](const tapped&) {
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
