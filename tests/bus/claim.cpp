#include "bus/claim.hpp"

#include "tests/bus/nats_fixture.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::bus;
using namespace agentmon::bus::test;

TEST_CASE("a processor is heard when it speaks of the message, and not when it speaks of another one") {
  const nats_server server;
  epoch now{server.settings()};
  for (const auto* id : {"one", "two", "three"}) now.publish("{}", id);
  REQUIRE(now.pull({.messages = 3}));
  const auto messages = now.messages.wait_for(3);
  REQUIRE(messages.size() == 3);
  auto listener = connection::open(server.settings(), {}); // on another node
  REQUIRE(listener);
  const auto first = claim::open(*listener, 1);
  const auto second = claim::open(*listener, 2);
  const auto third = claim::open(*listener, 3);
  REQUIRE((first && second && third));
  REQUIRE(stream(*listener)); // so NATS knows of the subscriptions
  REQUIRE(now.in.in_progress(messages[1].handle));
  REQUIRE(now.in.ack(messages[2].handle));
  CHECK(eventually([&] { return third->heard(); }));
  CHECK(second->heard());
  CHECK_FALSE(first->heard());
}
