#include "actors/live.hpp"
#include "protocol/limits.hpp"

#include <doctest/doctest.h>

using namespace agentmon;

namespace {

live_item event_item(std::string type, std::string session, std::string framework = "openclaw", size_t bytes = 2) {
  return {
      "events",   std::move(type), std::move(session), std::move(framework), "{" + std::string(bytes - 2, ' ') + "}",
      make_uuid()};
}

} // namespace

TEST_SUITE_BEGIN("live");

TEST_CASE("a filter lets through what fits all its parts") {
  const auto item = event_item("span.end", "s1");
  CHECK(wants({}, item));
  CHECK(wants({"s1", "openclaw", {"run.end", "span.end"}}, item));
  CHECK(!wants({"s2", "", {}}, item));
  CHECK(!wants({"", "codex", {}}, item));
  CHECK(!wants({"", "", {"run.end"}}, item));
  const live_item session{"sessions", "", "s1", "openclaw", "{}", {}};
  CHECK(wants({}, session));
  CHECK(wants({"", "", {"sessions"}}, session));
  CHECK(!wants({"", "", {"span.end"}}, session));
}

TEST_CASE("frames are numbered, and a viewer sees his part of each") {
  live_history history{100};
  CHECK(history.last() == 99);
  CHECK(history.add({event_item("a", "s1"), event_item("b", "s2")}) == 1);
  CHECK(history.last() == 100);
  const auto& frame = history.frames().back();
  CHECK(render(frame, {}) == R"({"seq":100,"events":[{},{}]})");
  CHECK(render(frame, {"s2", "", {}}) == R"({"seq":100,"events":[{}]})");
  CHECK(render(frame, {"s3", "", {}}).empty());
}

TEST_CASE("an event that comes twice is shown once") {
  live_history history{1};
  const auto once = event_item("a", "s");
  CHECK(history.add({once, event_item("b", "s"), once}) == 1);
  CHECK(history.frames().back().items.size() == 2);
  CHECK(history.add({once}) == 0);
  const live_item session{"sessions", "", "s", "f", "{}", {}};
  CHECK(history.add({session}) == 1);
  CHECK(history.add({session}) == 1);
}

TEST_CASE("much at once becomes several frames") {
  live_history history{1};
  std::vector<live_item> items;
  for (int i = 0; i < 10; ++i) items.push_back(event_item("a", "s", "f", limits::frame_bytes / 3));
  CHECK(history.add(std::move(items)) == 4);
  CHECK(history.last() == 4);
}

TEST_CASE("the oldest frames are forgotten, and it is known how far back it reaches") {
  live_history history{1};
  const auto frames = limits::resume_bytes / limits::frame_bytes + 5;
  for (size_t i = 0; i < frames; ++i) history.add({event_item("a", "s", "f", limits::frame_bytes)});
  CHECK(history.frames().size() < frames);
  const auto first = history.frames().front().sequence;
  CHECK(first > 1);
  CHECK(history.reaches_back_to(first - 1));
  CHECK(!history.reaches_back_to(first - 2));
  CHECK(history.reaches_back_to(history.last()));
  CHECK(!history.reaches_back_to(history.last() + 1));
}

TEST_SUITE_END();
