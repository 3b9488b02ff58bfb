#include "bus/stream.hpp"

#include "bus/handles.hpp"
#include "tests/bus/nats_fixture.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::bus;
using namespace agentmon::bus::test;

namespace {

connection connect(const bus_settings& settings) {
  auto bus = connection::open(settings, {});
  REQUIRE(bus);
  return std::move(*bus);
}

/// A stream as somebody else might have made it.
template <class F>
void make_stream(const connection& bus, F&& change) {
  const char* subject = "agentmon.events.v1";
  jsStreamConfig c;
  jsStreamConfig_Init(&c);
  c.Name = "AGENTMON";
  c.Subjects = &subject;
  c.SubjectsLen = 1;
  c.Retention = js_WorkQueuePolicy;
  c.Discard = js_DiscardNew;
  change(c);
  REQUIRE(js_AddStream(nullptr, bus.jetstream(), &c, nullptr, nullptr) == NATS_OK);
}

template <class F>
std::string objection(F&& change) {
  const nats_server server;
  const auto bus = connect(server.settings());
  make_stream(bus, change);
  const auto refused = ensure_stream(bus);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == fault::invalid);
  return refused.error().message;
}

std::string id_at(const connection& bus, uint64_t sequence) {
  const auto id = message_id_at(bus, sequence);
  return id ? id->value_or("none") : id.error().message;
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("a new stream is a bounded work queue on disk that refuses when it is full") {
  const nats_server server;
  const auto bus = connect(server.settings());
  const auto state = ensure_stream(bus);
  REQUIRE(state);
  CHECK(state->last_sequence == 0);
  CHECK(state->messages == 0);
  jsStreamInfo* raw = nullptr;
  REQUIRE(js_GetStreamInfo(&raw, bus.jetstream(), "AGENTMON", nullptr, nullptr) == NATS_OK);
  const stream_info_handle info{raw};
  CHECK(info->Config->Storage == js_FileStorage);
  CHECK(info->Config->Retention == js_WorkQueuePolicy);
  CHECK(info->Config->Discard == js_DiscardNew);
  CHECK(info->Config->MaxBytes == static_cast<int64_t>(64 * limits::MiB));
  CHECK(info->Config->MaxAge == 0);
  CHECK(info->Config->Duplicates == std::chrono::nanoseconds{limits::duplicate_window}.count());
}

TEST_CASE("a stream is kept over kill -9 and restart, with its creation time and its numbers") {
  nats_server server;
  stream_state before;
  {
    epoch now{server.settings()};
    now.publish("{}", "one");
    now.publish("{}", "two");
    before = *ensure_stream(now.bus);
    server.kill();
  }
  server.start();
  epoch now{server.settings()};
  CHECK(now.stream->created == before.created);
  CHECK(now.stream->last_sequence == 2);
  CHECK(now.stream->messages == 2);
  CHECK(now.publish("{}", "three").sequence == 3);
}

TEST_CASE("a wiped store is seen by another creation time") {
  nats_server server;
  stream_state before;
  {
    epoch now{server.settings()};
    now.publish("{}", "one");
    before = *ensure_stream(now.bus);
    server.kill();
  }
  server.wipe_store();
  server.start();
  const epoch now{server.settings()};
  CHECK(now.stream->created > before.created);
  CHECK(now.stream->last_sequence == 0);
}

TEST_CASE("a store put back to an earlier copy is seen by the ids of its tail") {
  nats_server server;
  stream_state before;
  {
    epoch now{server.settings()};
    now.publish("{}", "one");
    server.stop();
  }
  server.save_store();
  server.start();
  {
    epoch now{server.settings()};
    now.publish("{}", "two");
    now.publish("{}", "three");
    before = *ensure_stream(now.bus);
    CHECK(id_at(now.bus, 3) == "three");
    server.stop();
  }
  server.restore_store();
  server.start();
  epoch now{server.settings()};
  CHECK(now.stream->created == before.created);
  CHECK(now.stream->last_sequence == 1);
  CHECK(id_at(now.bus, 1) == "one");
  CHECK(id_at(now.bus, 3) == "none");
  now.publish("{}", "other");
  now.publish("{}", "another");
  CHECK(id_at(now.bus, 3) == "another");
}

TEST_CASE("a message without an id, an acked one and number 0 have none") {
  const nats_server server;
  epoch now{server.settings()};
  REQUIRE(natsConnection_PublishString(now.bus.nats(), "agentmon.events.v1", "{}") == NATS_OK);
  now.publish("{}", "two");
  CHECK(id_at(now.bus, 0) == "none");
  CHECK(id_at(now.bus, 1) == "none");
  CHECK(id_at(now.bus, 2) == "two");
  REQUIRE(now.pull({.messages = 2}));
  for (const auto& message : now.messages.wait_for(2)) REQUIRE(now.in.ack(message.handle));
  CHECK(eventually([&] { return id_at(now.bus, 2) == "none"; }));
}

TEST_CASE("a stream that keeps the promises is used as it is") {
  const nats_server server;
  const auto bus = connect(server.settings());
  make_stream(bus, [](jsStreamConfig& c) {
    c.MaxMsgs = 1000;
    c.Duplicates = std::chrono::nanoseconds{std::chrono::minutes{2}}.count();
    c.AllowDirect = true;
  });
  CHECK(ensure_stream(bus));
  CHECK(ensure_consumer(bus));
}

TEST_CASE("a stream that would break a promise is refused, and the setting named") {
  const auto limited = objection([](jsStreamConfig& c) {
    c.Retention = js_LimitsPolicy;
    c.Discard = js_DiscardOld;
    c.MaxBytes = 1000;
  });
  CHECK(holds(limited, "stream AGENTMON at nats://127.0.0.1:"));
  CHECK(holds(limited, "its retention must be workqueue"));
  CHECK(holds(limited, "delete it"));
  CHECK(holds(objection([](jsStreamConfig& c) { c.Storage = js_MemoryStorage; }), "it must be file"));
  CHECK(holds(objection([](jsStreamConfig& c) {
                c.Discard = js_DiscardOld;
                c.MaxMsgs = 10;
              }),
              "it must be discard new"));
  CHECK(holds(objection([](jsStreamConfig& c) { c.MaxAge = std::chrono::nanoseconds{std::chrono::hours{1}}.count(); }),
              "max_age"));
  CHECK(holds(objection([](jsStreamConfig& c) { c.MaxMsgSize = 1000; }), "max_msg_size"));
  CHECK(holds(objection([](jsStreamConfig& c) { c.NoAck = true; }), "no_ack"));
  CHECK(holds(objection([](jsStreamConfig& c) {
                static const char* other = "other";
                c.Subjects = &other;
              }),
              "agentmon.events.v1"));
}

TEST_CASE("a subject that another stream holds is told in words") {
  const nats_server server;
  const auto bus = connect(server.settings());
  make_stream(bus, [](jsStreamConfig& c) { c.Name = "OTHER"; });
  const auto refused = ensure_stream(bus);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == fault::invalid);
  CHECK(holds(refused.error().message, "subjects overlap"));
}

TEST_CASE("a stream larger than the disk allows is told in words") {
  const nats_server server;
  auto settings = server.settings();
  settings.stream_bytes = uint64_t{1} << 60;
  const auto bus = connect(settings);
  const auto refused = ensure_stream(bus);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == fault::overload);
  CHECK(holds(refused.error().message, "max_file_store"));
}

TEST_CASE("a server without JetStream is told in words") {
  const nats_server server{{.jetstream = false}};
  const auto bus = connect(server.settings());
  const auto refused = ensure_stream(bus);
  REQUIRE_FALSE(refused);
  CHECK(holds(refused.error().message, "enable JetStream"));
}

TEST_CASE("a consumer needs its stream, keeps its place and must keep the promises") {
  const nats_server server;
  const auto bus = connect(server.settings());
  CHECK(ensure_consumer(bus).error().code == fault::not_found);
  CHECK(consumer(bus).error().code == fault::not_found);
  REQUIRE(ensure_stream(bus));
  CHECK(consumer(bus).error().code == fault::not_found);
  REQUIRE(ensure_consumer(bus));
  REQUIRE(ensure_consumer(bus));
  const auto state = consumer(bus);
  REQUIRE(state);
  CHECK(state->ack_floor == 0);
  CHECK(state->pending == 0);

  REQUIRE(js_DeleteConsumer(bus.jetstream(), "AGENTMON", "processor", nullptr, nullptr) == NATS_OK);
  jsConsumerConfig c;
  jsConsumerConfig_Init(&c);
  c.Durable = "processor";
  c.AckPolicy = js_AckExplicit;
  c.MaxDeliver = 3;
  REQUIRE(js_AddConsumer(nullptr, bus.jetstream(), "AGENTMON", &c, nullptr, nullptr) == NATS_OK);
  const auto refused = ensure_consumer(bus);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == fault::invalid);
  CHECK(holds(refused.error().message, "max_deliver"));
}
