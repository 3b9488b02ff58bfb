#include "store/partitions.hpp"
#include "store/verify.hpp"
#include "tests/store/postgres_fixture.hpp"
#include "tests/store/scenario.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <thread>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

namespace {

void check_verified(const database& db) {
  auto connection = db.connect();
  const auto report = must(verify(connection));
  for (const auto& [table, difference] : report.differences)
    for (const auto& example : difference.examples) FAIL_CHECK(table << ": " << example);
}

} // namespace

TEST_CASE("what is written is folded and reported") {
  const database db;
  auto writer = db.writer();
  scenario s;
  s.add_session("a", 3, 5);
  const auto report = write(writer, s.envelopes);
  CHECK(report.new_events == s.envelopes.size());
  CHECK(report.duplicates == 0);
  REQUIRE(report.sessions.size() == 1);
  CHECK(report.sessions[0].runs == 3);
  CHECK(report.sessions[0].failed_runs == 1);
  CHECK(report.sessions[0].runs_used.input_tokens == 3000);
  CHECK(report.runs.size() == 3);
  CHECK(db.value("SELECT count(*) FROM events") == std::to_string(s.envelopes.size()));
  CHECK(db.value("SELECT status || ' ' || runs || ' ' || tool_calls || ' ' || errors FROM sessions")
        == "success 3 15 3");
  CHECK(db.value("SELECT sum(calls) FROM tool_counts WHERE resolution = 60") == "15");
  CHECK(db.value("SELECT sum(runs) || ' ' || sum(failed) || ' ' || sum(input_tokens) FROM agent_counts"
                 " WHERE resolution = 86400")
        == "3 1 3000");
}

TEST_CASE("writing the same again changes nothing") {
  const database db;
  auto writer = db.writer();
  const auto events = mixed_events();
  CHECK(write(writer, events).new_events == events.size());
  const auto before = db.dump();
  const auto again = write(writer, events);
  CHECK(again.new_events == 0);
  CHECK(again.duplicates == events.size());
  CHECK(again.sessions.empty());
  CHECK(db.dump() == before);
  check_verified(db);
}

TEST_CASE("a batch that is partly known adds the rest, and its own doubles count once") {
  const database db;
  auto writer = db.writer();
  auto events = mixed_events();
  const std::vector<std::string> some(events.begin(), events.begin() + 20);
  CHECK(write(writer, some).new_events == 20);
  events.insert(events.end(), some.begin(), some.end());
  const auto rest = write(writer, events);
  CHECK(rest.duplicates == 40);
  CHECK(rest.new_events == events.size() - 40);
  check_verified(db);
}

TEST_CASE("the order of events and the cut into transactions do not matter") {
  auto events = mixed_events();
  std::string straight;
  {
    const database db;
    auto writer = db.writer();
    write(writer, events);
    straight = db.dump();
    REQUIRE(straight.size() > 10'000);
  }
  std::mt19937 random{42};
  for (const size_t cut : {1U, 7U, 50U}) {
    const database db;
    auto writer = db.writer();
    if (cut == 1)
      std::reverse(events.begin(), events.end());
    else
      std::shuffle(events.begin(), events.end(), random);
    for (size_t at = 0; at < events.size(); at += cut)
      write(writer, {events.begin() + static_cast<std::ptrdiff_t>(at),
                     events.begin() + static_cast<std::ptrdiff_t>(std::min(at + cut, events.size()))});
    CHECK(db.dump() == straight);
  }
}

TEST_CASE("writers beside each other, with sessions and events in common, are exact") {
  const auto events = mixed_events();
  std::string right;
  {
    const database db;
    auto writer = db.writer();
    write(writer, events);
    right = db.dump();
  }
  const database db;
  const auto work = [&](unsigned seed) {
    auto writer = db.writer();
    auto mine = events;
    std::shuffle(mine.begin(), mine.end(), std::mt19937{seed});
    for (size_t at = 0; at < mine.size(); at += 9)
      write(writer, {mine.begin() + static_cast<std::ptrdiff_t>(at),
                     mine.begin() + static_cast<std::ptrdiff_t>(std::min(at + 9, mine.size()))});
  };
  { std::jthread one{work, 1}, two{work, 2}, three{work, 3}; }
  CHECK(db.dump() == right);
  check_verified(db);
}

TEST_CASE("days get their partitions, far ones share one, and a day moves out of it") {
  const database db;
  const auto today = std::chrono::floor<std::chrono::days>(now());
  scenario s;
  const auto at_day = [&](int offset) {
    s.at = today + std::chrono::days{offset} + std::chrono::hours{23};
    s.add("run.start", "far", "run-" + std::to_string(offset));
  };
  at_day(0);
  at_day(-30);
  at_day(-500);
  at_day(400);
  {
    auto writer = db.writer();
    write(writer, s.envelopes);
  }
  CHECK(db.value("SELECT count(*) FROM events_default") == "2");
  // As if the day of one of them had been far away when it came: it lies in the default partition.
  auto connection = db.connect();
  const auto name = "events_" + db.value("SELECT to_char(now() - interval '30 days', 'YYYYMMDD')");
  must(connection.exec("BEGIN; ALTER TABLE events DETACH PARTITION " + name + "; INSERT INTO events SELECT * FROM "
                       + name + "; DROP TABLE " + name + "; COMMIT"));
  CHECK(db.value("SELECT count(*) FROM events_default") == "3");
  auto writer = db.writer();
  const auto again = write(writer, s.envelopes);
  CHECK(again.new_events == 0);
  CHECK(db.value("SELECT count(*) FROM events_default") == "2");
  CHECK(db.value("SELECT count(*) FROM " + name) == "1");
  check_verified(db);
}

TEST_CASE("a day is vacuumed for its new rows when it has ended, not while it grows") {
  const database db;
  auto connection = db.connect();
  const auto kept_from_vacuum = [&] {
    return db.value("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class"
                    " WHERE 'autovacuum_vacuum_insert_threshold=-1' = ANY (reloptions)");
  };
  const std::chrono::sys_days first{std::chrono::year{2026} / 3 / 13};
  const std::chrono::days day{1};
  partitions days;
  must(days.ensure(connection, {first - 3 * day, first, first + day}, first));
  CHECK(kept_from_vacuum() == "events_20260313 events_20260314");
  must(days.ensure(connection, {first + day, first + 2 * day}, first + day));
  CHECK(kept_from_vacuum() == "events_20260314 events_20260315");
}

TEST_CASE("a day's partition does not wait for readers: its events go to the default one") {
  const database db;
  auto writer = db.writer();
  auto reader = db.connect();
  must(reader.exec("BEGIN; SELECT count(*) FROM events"));
  scenario s;
  s.at = now() - std::chrono::days{10};
  s.add("run.start", "a", "a-run");
  CHECK(write(writer, s.envelopes).new_events == 1);
  CHECK(db.value("SELECT count(*) FROM events_default") == "1");
  must(reader.exec("COMMIT"));
  auto next = db.writer();
  CHECK(write(next, s.envelopes).duplicates == 1);
  CHECK(db.value("SELECT count(*) FROM events_default") == "0");
}

TEST_CASE("a snapshot that comes late counts from when it was") {
  const database db;
  auto writer = db.writer();
  scenario s;
  for (const auto* const state : {"running", "down", "running", "running"})
    s.add("openclaw.snapshot", "", "", "", R"({"name":"vm","state":")" + std::string{state} + "\"}", 30'000);
  write(writer, {s.envelopes[3]});
  CHECK(db.value("SELECT in_state_since FROM vms") == "2026-03-13 12:02:00+00");
  write(writer, {s.envelopes[0]});
  CHECK(db.value("SELECT in_state_since FROM vms") == "2026-03-13 12:00:30+00");
  write(writer, {s.envelopes[1]});
  CHECK(db.value("SELECT in_state_since FROM vms") == "2026-03-13 12:02:00+00");
  write(writer, {s.envelopes[2]});
  CHECK(db.value("SELECT in_state_since FROM vms") == "2026-03-13 12:01:30+00");
  check_verified(db);
}

TEST_CASE("a restarted PostgreSQL is a failure that says so; a new writer goes on") {
  const database db;
  auto writer = db.writer();
  scenario s;
  s.add_session("a", 1, 3);
  shared_server().stop();
  const auto batch = batch_of(s.envelopes);
  const incoming in{&batch, 0};
  const auto gone = writer.write({&in, 1});
  REQUIRE(!gone);
  CHECK(gone.error().code == fault::unavailable);
  CHECK(!writer.alive());
  const auto closed = event_writer::open(db.conninfo());
  REQUIRE(!closed);
  CHECK(closed.error().code == fault::unavailable);
  shared_server().start();
  writer = db.writer();
  CHECK(must(writer.write({&in, 1})).new_events == s.envelopes.size());
  check_verified(db);
}
