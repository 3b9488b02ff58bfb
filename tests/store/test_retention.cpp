#include "store/partitions.hpp"
#include "store/reading.hpp"
#include "store/retention.hpp"
#include "store/verify.hpp"
#include "tests/store/json_answer.hpp"
#include "tests/store/postgres_fixture.hpp"
#include "tests/store/scenario.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;
using namespace std::chrono_literals;

namespace {

const auto midnight = *parse_time("2026-03-13T00:00:00Z");

/// Two days of everything that may lie on one side of the midnight, on the other, or on both.
std::vector<std::string> two_days() {
  scenario s;
  const auto at = [&](timestamp when, const char* agent) -> scenario& {
    s.at = when;
    s.client_id = s.host = agent;
    return s;
  };
  at(midnight - 20h, "old").add_session("before", 3, 4);
  at(midnight + 2h, "new").add_session("after", 2, 4);
  at(midnight - 3s, "old").add_session("over", 4, 8); // some four seconds a run
  // Of two agents: what is left of it belongs to the second.
  at(midnight - 1h, "old").add("run.start", "shared", "early", {}, R"({"input":"old words"})");
  s.add("run.end", "shared", "early", {}, R"({"status":"error","usage":{"input_tokens":5}})");
  s.add("run.start", "shared", "cut", {}, R"({"input":"cut words"})");
  at(midnight + 1h, "new").add("run.end", "shared", "cut", {}, R"({"status":"success","usage":{"input_tokens":7}})");
  s.add("run.start", "shared", "late", {}, R"({"input":"new words"})").add("run.end", "shared", "late");
  at(midnight - 1h, "old").add("metric.snapshot", "", "", "", R"({"value":1})");
  for (int hour = -6; hour < 6; ++hour)
    at(midnight + std::chrono::hours{hour}, "new")
        .add("openclaw.snapshot", "", "", "",
             R"({"name":"vm","uptime_seconds":)" + std::to_string(1000 * (hour + 7)) + R"(,"state":)"
                 + (hour < -2 ? R"("paused"})" : R"("running"})"));
  at(midnight - 5h, "new").add("openclaw.snapshot", "", "", "", R"({"name":"gone","state":"running"})");
  return s.envelopes;
}

std::vector<std::string> only_from(timestamp from, const std::vector<std::string>& all) {
  std::vector<std::string> kept;
  for (const auto& envelope : all)
    if (batch_of({envelope}).events.front().ts >= from) kept.push_back(envelope);
  return kept;
}

} // namespace

TEST_CASE("after a drop all is as if the events before had never come") {
  const auto events = two_days();
  const auto kept = only_from(midnight, events);
  REQUIRE(kept.size() > 20);
  REQUIRE(kept.size() + 20 < events.size());
  const database db, never;
  auto writer = db.writer(), other = never.writer();
  write(writer, events);
  write(other, kept);
  auto connection = db.connect();
  REQUIRE(db.dump() != never.dump());

  const auto done = must(drop_before(connection, midnight));
  CHECK(done.held > 0us);
  CHECK(std::find(done.remade.begin(), done.remade.end(), run_key{"shared", "cut"}) != done.remade.end());
  CHECK(std::find(done.remade.begin(), done.remade.end(), run_key{"shared", "late"}) == done.remade.end());
  CHECK(db.dump() == never.dump());
  CHECK(db.value("SELECT count(*) FROM events") == std::to_string(kept.size()));
  CHECK(db.value("SELECT count(*) FROM pg_class WHERE relname = 'events_20260312'") == "0");
  CHECK(must(read_kept_from(connection)) == midnight);
  const auto report = must(verify(connection, midnight + 12h));
  CHECK(report.differences.empty());
  CHECK(report.kept_from == midnight);

  // The sessions go on from what they are now.
  scenario s;
  s.at = midnight + 5h;
  s.add("run.start", "over", "another").add("run.end", "shared", "late", {}, R"({"status":"error"})");
  write(writer, s.envelopes);
  write(other, s.envelopes);
  CHECK(db.dump() == never.dump());
  CHECK(must(drop_before(connection, midnight)).remade.empty());
  CHECK(db.dump() == never.dump());
}

TEST_CASE("what comes for a dropped day goes to the dead letters, and the rest of its batch is stored") {
  const database db;
  auto writer = db.writer();
  auto connection = db.connect();
  write(writer, two_days());
  must(drop_before(connection, midnight));
  const auto before = db.dump();

  scenario s;
  s.at = midnight - 10min;
  s.add("run.end", "shared", "cut", {}, R"({"status":"error"})");
  CHECK(write(writer, s.envelopes).dead == 1);
  CHECK(db.dump() == before);
  s.at = midnight + 10min;
  s.add("run.start", "fresh", "run");
  const auto report = write(writer, s.envelopes);
  CHECK(report.new_events == 1);
  CHECK(report.duplicates == 0);
  CHECK(db.value("SELECT count(*) FROM dead_letters") == "1"); // the same one again
  CHECK(db.value("SELECT reason FROM dead_letters")
        == "it came after its day was dropped: events are kept from 2026-03-13T00:00:00.000Z on");
  CHECK(db.value("SELECT field FROM dead_letters") == "event.ts");
  CHECK(db.value("SELECT convert_from(body, 'UTF8') FROM dead_letters") == s.envelopes.front());
  CHECK(must(verify(connection, midnight + 12h)).differences.empty());
}

TEST_CASE("days are dropped while writers write: each event is stored or a dead letter, and all sums agree") {
  const database db;
  auto connection = db.connect();
  constexpr int dropped = 4;
  std::atomic<bool> enough = false;
  std::atomic<int64_t> given = 0;
  const auto attack = [&](int number) {
    auto writer = db.writer();
    for (int round = 0; !enough; ++round) {
      scenario s;
      for (int day = 0; day <= dropped; ++day) {
        s.at = midnight + 24h * day + 12h;
        s.add_session("long-" + std::to_string(number), 1, 2); // goes on through all days
        s.add_session("short-" + std::to_string(number) + '-' + std::to_string(day) + '-' + std::to_string(round), 1,
                      2);
      }
      write(writer, s.envelopes);
      given += static_cast<int64_t>(s.envelopes.size());
    }
  };
  std::thread first{attack, 1}, second{attack, 2};
  for (int day = 1; day <= dropped; ++day) {
    const auto cut = midnight + 24h * day;
    const auto so_far = given.load();
    while (given < so_far + 500) std::this_thread::yield();
    for (;;) { // a writer that makes a partition may be in the way
      const auto done = drop_before(connection, cut);
      if (done) break;
      REQUIRE(done.error().code == fault::timeout);
    }
  }
  const auto so_far = given.load();
  while (given < so_far + 500) std::this_thread::yield();
  enough = true;
  first.join();
  second.join();
  CHECK(db.value("SELECT count(*) FROM events WHERE ts < '2026-03-17'") == "0");
  CHECK(std::stoll(db.value("SELECT count(*) FROM events")) > 0);
  const auto report = must(verify(connection, midnight + 24h * dropped + 23h));
  for (const auto& [table, difference] : report.differences) MESSAGE(table << ": " << difference.examples.front());
  CHECK(report.differences.empty());
}

TEST_CASE("who reads for long makes a drop wait, and nothing is half done") {
  const database db;
  auto writer = db.writer();
  const auto events = two_days();
  write(writer, events);
  const auto before = db.dump();
  auto connection = db.connect(), reader = db.connect();
  must(reader.exec("BEGIN; SELECT count(*) FROM events"));
  CHECK(drop_before(connection, midnight).error().code == fault::timeout);
  CHECK(db.dump() == before);
  const auto old = [&] {
    return db.value("SELECT count(*) FROM pg_stat_activity WHERE xact_start < clock_timestamp()"
                    " - interval '1100 milliseconds' AND state = 'idle in transaction'");
  };
  while (old() != "1") std::this_thread::yield();
  const auto refused = drop_before(connection, midnight);
  CHECK(refused.error().code == fault::timeout);
  CHECK(refused.error().message.find("more than a second") != std::string::npos);
  must(reader.exec("COMMIT"));
  CHECK(must(drop_before(connection, midnight)).held < 5s);
  CHECK(must(read_kept_from(connection)) == midnight);
}

TEST_CASE("the rule says which day goes next, and one connection at a time may do it") {
  const database db;
  auto writer = db.writer();
  auto connection = db.connect();
  const auto today = std::chrono::floor<std::chrono::days>(now());
  scenario s;
  for (int day = 5; day >= 0; --day) {
    s.at = today - 24h * day;
    s.add_session("of day " + std::to_string(day), 1, 1);
  }
  write(writer, s.envelopes);
  const auto next = [&](const retention_rule& rule) { return must(next_cut(connection, rule, now())); };
  CHECK_FALSE(next({}));
  CHECK(next({std::chrono::days{3}, std::nullopt}) == today - 24h * 4);
  CHECK(must(next_cut(connection, {std::chrono::days{3}, std::nullopt}, now() + 24h * 99)) == today - 24h * 4);
  CHECK(next_cut(connection, {std::chrono::days{3}, std::nullopt}, now() - 24h * 99).value() < today - 24h * 99);
  must(drop_before(connection, today - 24h * 4));
  CHECK(next({std::chrono::days{3}, std::nullopt}) == today - 24h * 3);
  must(drop_before(connection, today - 24h * 3));
  CHECK_FALSE(next({std::chrono::days{3}, std::nullopt}));
  CHECK_FALSE(next({std::nullopt, uint64_t{1} << 40}));
  for (int day = 2; day >= 0; --day) {
    CHECK(next({std::nullopt, uint64_t{1}}) == today - 24h * day);
    must(drop_before(connection, today - 24h * day));
  }
  CHECK_FALSE(next({std::nullopt, uint64_t{1}})); // today stays

  CHECK(must(take_retention_turn(connection)));
  {
    auto other = db.connect();
    CHECK_FALSE(must(take_retention_turn(other)));
  }
  CHECK(must(take_retention_turn(connection)));
}

TEST_CASE("statistics say from when they know, and before that nothing") {
  const database db;
  auto writer = db.writer();
  write(writer, two_days());
  auto connection = db.connect();
  const auto at = midnight + 6h;
  const query_parameters both{{"from", "2026-03-12T12:00:00Z"}, {"to", "2026-03-13T12:00:00Z"}};
  const auto asked = must(parse_time_asked(both, at));
  const auto series = [&] { return json_answer{read_timeseries(connection, {asked, ""})}; };
  CHECK(series()["/kept_from"] == "null");
  CHECK(series()["/points/0/events"] == "0");
  CHECK(json_answer{read_summary(connection, at)}["/yesterday/events"] != "null");

  must(drop_before(connection, midnight));
  const auto after = series();
  CHECK(after["/kept_from"] == "2026-03-13T00:00:00.000Z");
  REQUIRE(after.size("/points") == 96);
  for (const auto* const figure :
       {"events", "errors", "runs", "failed_runs", "tool_calls", "input_tokens", "output_tokens", "cost_usd"})
    CHECK(after["/points/47/" + std::string{figure}] == "null");
  CHECK(after["/points/48/events"] != "null");
  CHECK(after["/points/48/ts"] == "2026-03-13T00:00:00.000Z");
  CHECK(after["/points/95/events"] == "0");
  CHECK(json_answer{read_summary(connection, at)}["/yesterday"] == "null");
  CHECK(json_answer{read_summary(connection, at + 24h)}["/yesterday/events"] != "null");
  for (const auto& answer :
       {read_tools(connection, asked), read_agents(connection, asked, at), read_agent_steps(connection, asked),
        read_marks(connection, asked), read_vm_samples(connection, "vm", asked)})
    CHECK(json_answer{answer}["/kept_from"] == "2026-03-13T00:00:00.000Z");
  CHECK(json_answer{read_marks(connection, asked)}.size("/marks") == 0);
}
