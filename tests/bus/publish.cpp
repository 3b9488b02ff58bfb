#include "bus/publish.hpp"

#include "bus/handles.hpp"
#include "protocol/packing.hpp"
#include "tests/bus/nats_fixture.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace agentmon;
using namespace agentmon::bus;
using namespace agentmon::bus::test;

TEST_CASE("each published record is acknowledged with its sequence number") {
  const nats_server server;
  epoch now{server.settings()};
  for (uint64_t token = 1; token <= 1000; ++token) REQUIRE(now.out.publish("{}", "id-" + std::to_string(token), token));
  const auto answers = now.answers.wait_for(1000);
  REQUIRE(answers.size() == 1000);
  std::set<uint64_t> tokens;
  for (const auto& a : answers) {
    CHECK(a.sequence == a.token);
    CHECK_FALSE(a.duplicate);
    tokens.insert(a.token);
  }
  CHECK(tokens.size() == 1000);
  CHECK(ensure_stream(now.bus)->last_sequence == 1000);
}

TEST_CASE("a record is stored in brackets, under its id") {
  const nats_server server;
  epoch now{server.settings()};
  CHECK(now.publish(R"({"a":1},{"a":2})", "two").sequence == 1);
  CHECK(now.publish("", "none").sequence == 2);
  REQUIRE(now.pull({.messages = 2}));
  const auto messages = now.messages.wait_for(2);
  CHECK(text_of(messages[0]) == R"([{"a":1},{"a":2}])");
  CHECK(text_of(messages[1]) == "[]");
}

TEST_CASE("a large record travels packed, says so, and tells how large it is") {
  const nats_server server;
  epoch now{server.settings()};
  std::string events;
  while (events.size() < limits::pack_from_bytes) events += R"({"event":{"type":"span.end"}},)";
  events.pop_back();
  now.publish(events, "large");
  natsMsg* raw = nullptr;
  REQUIRE(js_GetMsg(&raw, now.bus.jetstream(), "AGENTMON", 1, nullptr, nullptr) == NATS_OK);
  const nats_message_handle stored{raw};
  const char* encoding = nullptr;
  REQUIRE(natsMsgHeader_Get(raw, "Content-Encoding", &encoding) == NATS_OK);
  CHECK(std::string_view{encoding} == "lz4");
  REQUIRE(now.pull({.messages = 1}));
  const auto message = now.messages.wait_for(1).at(0);
  CHECK(message.payload.size() < events.size() / 4);
  CHECK(message.bytes == events.size() + 2);
  const auto text = unpack(text_of(message));
  REQUIRE(text);
  CHECK(std::string_view{text->data(), text->size()} == '[' + events + ']');
}

TEST_CASE("a duplicate id within the window is acknowledged under its first number and stored once") {
  const nats_server server;
  epoch now{server.settings()};
  CHECK(now.publish("{}", "same").sequence == 1);
  CHECK(now.publish("{}", "other").sequence == 2);
  const auto again = now.publish("{}", "same");
  CHECK(again.sequence == 1);
  CHECK(again.duplicate);
  CHECK(ensure_stream(now.bus)->messages == 2);
}

TEST_CASE("the largest record fits, a larger message than the server takes is refused at once") {
  const nats_server server;
  epoch now{server.settings()};
  CHECK(now.publish(incompressible(limits::record_bytes), "largest").sequence == 1);
  const auto refused = now.out.publish(incompressible(limits::MiB), "too large", 2);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == fault::invalid);
  CHECK(refused.error().message.find("max_payload") != std::string::npos);
  CHECK(now.publish("{}", "next").sequence == 2);
}

TEST_CASE("a full stream refuses as overload and takes more when something was acked") {
  const nats_server server;
  auto settings = server.settings();
  settings.stream_bytes = limits::MiB;
  epoch now{settings};
  const auto events = incompressible(100 * limits::KiB);
  answer last;
  uint64_t stored = 0;
  while ((last = now.publish(events, "full-" + std::to_string(stored))).sequence != 0 && stored < 100) ++stored;
  CHECK(stored == 10);
  CHECK(last.code == fault::overload);
  CHECK(last.reason == "NATS did not store the message: maximum bytes exceeded");

  REQUIRE(now.pull({.messages = 1}));
  REQUIRE(now.in.ack(now.messages.wait_for(1)[0].handle));
  CHECK(eventually([&] { return ensure_stream(now.bus)->messages == 9; }));
  CHECK(now.publish(events, "later").sequence == 11);
}

TEST_CASE("without a stream a record is refused as unavailable") {
  const nats_server server;
  epoch now{server.settings()};
  REQUIRE(js_DeleteStream(now.bus.jetstream(), "AGENTMON", nullptr, nullptr) == NATS_OK);
  const auto refused = now.publish("{}", "nobody");
  CHECK(refused.sequence == 0);
  CHECK(refused.code == fault::unavailable);
}

TEST_CASE("records without an answer are forgotten with the connection and can be sent again") {
  nats_server server;
  {
    epoch before{server.settings()};
    CHECK(before.publish("{}", "first").sequence == 1);
    server.freeze();
    REQUIRE(before.out.publish("{}", "second", 2));
    server.kill();
    CHECK(before.lost.wait_for(1).size() == 1);
    CHECK(before.answers.size() == 1);
  }
  server.start();
  epoch after{server.settings()};
  CHECK(after.publish("{}", "first").duplicate);
  CHECK(after.publish("{}", "second").sequence == 2);
}
