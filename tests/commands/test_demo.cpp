#include "commands/demo/life.hpp"
#include "protocol/decode.hpp"
#include "protocol/fold.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <unordered_set>

using namespace agentmon;
using namespace std::chrono_literals;
using demo::demo_event;
using demo::life;
using demo::timeline;

namespace {

timestamp some_friday() { return *parse_time("2026-03-13T18:30:00Z"); }

std::vector<demo_event> week(uint64_t seed) {
  life all{timeline::week_until(some_friday()), seed};
  std::vector<demo_event> events;
  while (auto e = all.next()) events.push_back(std::move(*e));
  return events;
}

const std::vector<demo_event>& first_week() {
  static const auto events = week(1);
  return events;
}

/// Keeps count of what has begun and not ended.
struct open_things {
  std::multiset<std::string> open;

  void see(const event& e) {
    const auto dot = e.type.find('.');
    const auto thing = std::string{e.type.substr(0, dot)} + " " + std::string{e.session_id} + " "
                       + std::string{e.run_id} + " " + std::string{e.span_id};
    const auto what = e.type.substr(dot + 1);
    if (what == "start") open.insert(thing);
    if (what == "end") {
      const auto found = open.find(thing);
      REQUIRE(found != open.end());
      open.erase(found);
    }
  }
};

} // namespace

TEST_CASE("the same seed plays the same week, another one another") {
  const auto again = week(1);
  REQUIRE(again.size() == first_week().size());
  for (size_t i = 0; i < again.size(); ++i) REQUIRE(again[i].json == first_week()[i].json);
  CHECK(week(2).size() != again.size());
}

TEST_CASE("a week is 60,000 to 100,000 events in the order of time, none of them outside") {
  CHECK(first_week().size() > 60'000);
  CHECK(first_week().size() < 100'000);
  auto last = some_friday() - std::chrono::days{7};
  for (const auto& e : first_week()) {
    REQUIRE(e.ts >= last);
    last = e.ts;
  }
  CHECK(last <= some_friday());
}

TEST_CASE("every event is right, every id is new, all that begins ends") {
  std::unordered_set<uuid> ids;
  open_things things;
  std::map<std::string, size_t> types;
  for (const auto& each : first_week()) {
    const auto batch = decode(each.json);
    REQUIRE(batch);
    CAPTURE(each.json);
    REQUIRE(batch->rejections.empty());
    const auto& e = batch->events.front();
    REQUIRE(ids.insert(e.id).second);
    REQUIRE(e.ts == each.ts);
    things.see(e);
    ++types[std::string{e.type}];
  }
  CHECK(things.open.empty());
  CHECK(types["openclaw.snapshot"] == 3 * 7 * 24 * 12);
  CHECK(types["error"] > 20);
}

TEST_CASE("life has its variety: failures, sub-agents, compactions, cut outputs, a full disk") {
  std::set<std::string> kinds;
  std::set<std::string> frameworks;
  std::map<outcome, size_t> runs;
  bool is_truncated = false;
  bool is_full = false;
  bool is_paused = false;
  for (const auto& each : first_week()) {
    const auto batch = decode(each.json);
    const auto& e = batch->events.front();
    kinds.emplace(e.kind);
    frameworks.emplace(e.framework);
    if (e.type == "run.end") ++runs[e.status];
    is_truncated = is_truncated || each.json.find("\"output_truncated\":true") != std::string::npos;
    is_full = is_full || each.json.find("no space left") != std::string::npos;
    is_paused = is_paused || each.json.find("\"state\":\"paused\"") != std::string::npos;
  }
  CHECK(kinds == std::set<std::string>{"", "compaction", "model", "subagent", "tool"});
  CHECK(frameworks == std::set<std::string>{"claude-code", "codex", "openclaw"});
  CHECK(runs[outcome::error] > 10);
  CHECK(runs[outcome::aborted] > 10);
  CHECK(runs[outcome::success] > 10 * runs[outcome::error]);
  CHECK(is_truncated);
  CHECK(is_full);
  CHECK(is_paused);
}

TEST_CASE("what a run's end reports is the sum of its spans") {
  std::map<std::string, run_state> runs;
  for (const auto& each : first_week()) {
    const auto batch = decode(each.json);
    const auto& e = batch->events.front();
    if (!e.run_id.empty()) fold(runs[std::string{e.run_id}], e);
  }
  REQUIRE(runs.size() > 1000);
  for (const auto& [id, run] : runs) {
    if (!run.end_used.input_tokens) continue;
    REQUIRE(run.end_used.input_tokens == run.spans_used.input_tokens);
    REQUIRE(run.end_used.output_tokens == run.spans_used.output_tokens);
  }
}

TEST_CASE("a live demo starts soon, goes at its speed, and closes what is open") {
  const auto start = some_friday();
  for (const double speed : {1.0, 60.0}) {
    life all{timeline::live_from(start, speed), 5};
    open_things things;
    timestamp last = start;
    for (int i = 0; i < 2000; ++i) {
      const auto e = all.next();
      REQUIRE(e);
      REQUIRE(e->ts >= last);
      last = e->ts;
      const auto batch = decode(e->json);
      REQUIRE(batch->events.size() == 1);
      things.see(batch->events.front());
    }
    CHECK(last - start < std::chrono::microseconds{static_cast<int64_t>(2.0 * 3600e6 / speed)});
    CHECK_FALSE(things.open.empty());
    for (const auto& e : all.close(last + 1s)) {
      const auto batch = decode(e.json);
      REQUIRE(batch->events.size() == 1);
      CHECK(batch->events.front().status == outcome::aborted);
      things.see(batch->events.front());
    }
    CHECK(things.open.empty());
    CHECK_FALSE(all.next());
  }
}
