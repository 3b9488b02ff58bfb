#include "bus/pull.hpp"

#include "tests/bus/nats_fixture.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::bus;
using namespace agentmon::bus::test;
using namespace std::chrono_literals;

namespace {

void publish(epoch& now, int count) {
  for (int i = 0; i < count; ++i) now.publish(R"({"n":)" + std::to_string(i) + "}", "id-" + std::to_string(i));
}

} // namespace

TEST_CASE("messages come in order, with their numbers, and are gone when acked") {
  const nats_server server;
  epoch now{server.settings()};
  publish(now, 10);
  CHECK(now.pull({.messages = 10}) == size_t{10});
  const auto messages = now.messages.wait_for(10);
  REQUIRE(messages.size() == 10);
  for (size_t i = 0; i < 10; ++i) {
    CHECK(text_of(messages[i]) == R"([{"n":)" + std::to_string(i) + "}]");
    CHECK(messages[i].stream_sequence == i + 1);
    CHECK(messages[i].delivered == 1);
  }
  CHECK(consumer(now.bus)->ack_pending == 10);
  CHECK(consumer(now.bus)->ack_floor == 0);
  for (size_t i = 0; i < 6; ++i) REQUIRE(now.in.ack(messages[i].handle));
  CHECK(eventually([&] { return consumer(now.bus)->ack_floor == 6; }));
  // The floor waits for the one in the middle.
  REQUIRE(now.in.ack(messages[7].handle));
  CHECK(eventually([&] { return consumer(now.bus)->ack_pending == 3; }));
  CHECK(consumer(now.bus)->ack_floor == 6);
  CHECK(ensure_stream(now.bus)->messages == 3);
  REQUIRE(now.in.ack(messages[6].handle));
  CHECK(eventually([&] { return consumer(now.bus)->ack_floor == 8; }));
}

TEST_CASE("an empty stream ends the request when it expires") {
  const nats_server server;
  epoch now{server.settings()};
  const auto begin = std::chrono::steady_clock::now();
  CHECK(now.pull({.expires = 200ms}) == size_t{0});
  CHECK(std::chrono::steady_clock::now() - begin >= 200ms);
  CHECK(now.pull({.expires = 200ms}) == size_t{0});
}

TEST_CASE("a request that expires brings what there is, and a waiting one what comes") {
  const nats_server server;
  epoch now{server.settings()};
  publish(now, 3);
  CHECK(now.pull({.messages = 5, .expires = 200ms}) == size_t{3});
  REQUIRE(now.in.request({.messages = 1, .expires = 10s}));
  now.publish("{}", "late");
  CHECK(now.messages.wait_for(4).size() == 4);
  CHECK(now.ends.wait_for(2).at(1) == size_t{1});
}

TEST_CASE("only one request at a time") {
  const nats_server server;
  epoch now{server.settings()};
  REQUIRE(now.in.request({.expires = 300ms}));
  const auto second = now.in.request({});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == fault::invalid);
  CHECK(now.ends.wait_for(1).size() == 1);
  CHECK(now.in.request({.expires = 100ms}));
  CHECK(now.ends.wait_for(2).size() == 2);
}

TEST_CASE("a request brings no more bytes than asked for") {
  const nats_server server;
  epoch now{server.settings()};
  const auto events = incompressible(100 * limits::KiB);
  for (int i = 0; i < 10; ++i) now.publish(events, std::to_string(i));
  CHECK(now.pull({.messages = 10, .bytes = 350 * limits::KiB, .expires = 5s}) == size_t{3});
  CHECK(now.pull({.messages = 10, .expires = 300ms}) == size_t{7});
}

TEST_CASE("a handle outlives its connection") {
  const nats_server server;
  std::vector<bus_message> held;
  {
    epoch before{server.settings()};
    publish(before, 2);
    REQUIRE(before.pull({.messages = 2}));
    held = before.messages.wait_for(2);
  }
  epoch now{server.settings()};
  REQUIRE(now.in.ack(held[0].handle));
  CHECK(eventually([&] { return consumer(now.bus)->ack_floor == 1; }));
  REQUIRE(now.in.nak(held[1].handle));
  CHECK(now.pull({.messages = 1}) == size_t{1});
  const auto again = now.messages.wait_for(1);
  CHECK(again[0].stream_sequence == 2);
  CHECK(again[0].delivered == 2);
  CHECK(text_of(again[0]) == text_of(held[1]));
  CHECK(now.in.in_progress(again[0].handle));
  REQUIRE(now.in.ack(again[0].handle));
  CHECK(eventually([&] { return ensure_stream(now.bus)->messages == 0; }));
}

TEST_CASE("what was delivered but not acked comes again after kill -9 of the server") {
  nats_server server;
  std::vector<bus_message> held;
  {
    epoch before{server.settings()};
    publish(before, 2);
    REQUIRE(before.pull({.messages = 2}));
    held = before.messages.wait_for(2);
    server.kill();
    CHECK(before.lost.wait_for(1).size() == 1);
  }
  server.start();
  epoch now{server.settings()};
  CHECK(now.stream->messages == 2);
  // The server may or may not remember that it delivered them: if it does, this spares us the wait for ack_wait.
  for (const auto& message : held) REQUIRE(now.in.nak(message.handle));
  CHECK(now.pull({.messages = 2}) == size_t{2});
  const auto again = now.messages.wait_for(2);
  CHECK(text_of(again[0]) == text_of(held[0]));
  CHECK(text_of(again[1]) == text_of(held[1]));
}

TEST_CASE("two processors share the consumer") {
  const nats_server server;
  epoch one{server.settings()};
  epoch two{server.settings()};
  publish(one, 10);
  CHECK(one.pull({.messages = 4}) == size_t{4});
  CHECK(two.pull({.messages = 6}) == size_t{6});
  CHECK(one.messages.wait_for(4)[3].stream_sequence == 4);
  CHECK(two.messages.wait_for(6)[0].stream_sequence == 5);
}

TEST_CASE("a consumer that is deleted ends the request as not found; one that is missing does not answer") {
  const nats_server server;
  epoch now{server.settings()};
  REQUIRE(now.in.request({.expires = 10s}));
  REQUIRE(js_DeleteConsumer(now.bus.jetstream(), "AGENTMON", "processor", nullptr, nullptr) == NATS_OK);
  const auto deleted = now.ends.wait_for(1);
  REQUIRE(deleted.size() == 1);
  CHECK(deleted[0].error().code == fault::not_found);
  const auto missing = now.pull({.expires = 100ms});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == fault::timeout);
  REQUIRE(ensure_consumer(now.bus));
  now.publish("{}", "again");
  CHECK(now.pull({.messages = 1}) == size_t{1});
}

TEST_CASE("a request that gets no answer at all is given up") {
  const nats_server server;
  epoch now{server.settings()};
  // Somebody who listens where the consumer should, and says nothing.
  REQUIRE(js_DeleteConsumer(now.bus.jetstream(), "AGENTMON", "processor", nullptr, nullptr) == NATS_OK);
  auto silent = subscription::open(now.bus, "$JS.API.CONSUMER.MSG.NEXT.AGENTMON.processor", {}, [](natsMsg*) {});
  REQUIRE(silent);
  const auto given_up = now.pull({.expires = 100ms});
  REQUIRE_FALSE(given_up);
  CHECK(given_up.error().code == fault::timeout);
}

TEST_CASE("a lost connection refuses requests and acks") {
  nats_server server;
  epoch now{server.settings()};
  server.kill();
  REQUIRE(now.lost.wait_for(1).size() == 1);
  CHECK(now.in.request({}).error().code == fault::unavailable);
  CHECK(now.in.ack("$JS.ACK.AGENTMON.processor.1.1.1.1.1").error().code == fault::unavailable);
}
