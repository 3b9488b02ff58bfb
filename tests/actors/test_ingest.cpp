#include "actors/ingest.hpp"

#include <doctest/doctest.h>

using namespace agentmon;

TEST_SUITE_BEGIN("ingest");

TEST_CASE("a producer's frame is opened when it is numbered") {
  for (const char* text : {R"({"seq":7,"events":[{"a":1}]})", R"( { "events" : [{"a":1}] , "seq" : 7 } )"}) {
    const auto frame = open_frame(text);
    CHECK(frame.sequence == 7);
    CHECK(frame.events == R"([{"a":1}])");
  }
}

TEST_CASE("any other frame is events as it stands") {
  for (const char* text : {R"([{"a":1}])", R"({"schema":{},"event":{}})", R"({"seq":7})", R"({"seq":-1,"events":[]})",
                           R"({"seq":"7","events":[]})", R"({"seq":7,"events":[],"more":1})", "nonsense", ""}) {
    const auto frame = open_frame(text);
    CHECK_MESSAGE(!frame.sequence.has_value(), text);
    CHECK(frame.events == text);
  }
}

TEST_CASE("events of other sources than the key's are refused, in the order of the batch") {
  event_batch batch;
  for (const char* client : {"zap", "zip", "", "zap"}) batch.events.emplace_back().client_id = client;
  batch.rejections = {{1, "event.ts", "is odd"}, {5, "event.id", "is odd"}}; // so the events are 0, 2, 3 and 4
  CHECK(refuse_others(batch, "zap"));
  CHECK(batch.events.size() == 2);
  std::vector<size_t> indices;
  for (const auto& each : batch.rejections) indices.push_back(each.index);
  CHECK(indices == std::vector<size_t>{1, 2, 3, 5});
  CHECK(batch.rejections[1].field == "event.source.client_id");
  CHECK(!refuse_others(batch, "zap"));
}

TEST_CASE("what the gateway says") {
  const std::vector<rejection> rejections{{3, "event.ts", "is \"odd\""}};
  CHECK(acknowledgement(std::nullopt, 2, {}) == R"({"accepted":2,"rejected":[]})");
  CHECK(acknowledgement(5, 2, rejections)
        == R"({"seq":5,"accepted":2,"rejected":[{"index":3,"field":"event.ts","message":"is \"odd\""}]})");
  CHECK(refusal_of(5, {fault::overload, "later"}, {})
        == R"({"seq":5,"error":{"code":"overload","message":"later","details":[]}})");
}

TEST_SUITE_END();
