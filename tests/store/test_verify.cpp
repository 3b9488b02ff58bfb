#include "store/verify.hpp"
#include "tests/store/postgres_fixture.hpp"
#include "tests/store/scenario.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

TEST_CASE("a right database has no differences, and all of it was looked at") {
  const database db;
  auto writer = db.writer();
  const auto events = mixed_events();
  write(writer, events);
  auto connection = db.connect();
  const auto report = must(verify(connection));
  CHECK(report.differences.empty());
  CHECK(report.events == events.size());
  CHECK(report.sessions == 3);
  CHECK(report.runs == 9);
  CHECK(report.machines == 1);
  CHECK(report.rollup_rows > 100);
}

TEST_CASE("each kind of difference is found and told") {
  struct planted {
    const char* table;
    const char* change;
    const char* words;
  };
  const std::vector<planted> all{
      {"sessions", "UPDATE sessions SET tool_calls = tool_calls + 1 WHERE session_id = 'one'",
       "tool_calls is 25 but must be 24"},
      {"sessions", "UPDATE sessions SET status = 'active' WHERE session_id = 'one'",
       "status is active but must be success"},
      {"sessions", "DELETE FROM sessions WHERE session_id = 'one'", "missing"},
      {"runs", "UPDATE runs SET model = 'other' WHERE run_id = 'one-run-0'",
       "model is \"other\" but must be \"mock-1\""},
      {"runs", "INSERT INTO runs SELECT * FROM runs WHERE run_id = 'one-run-0' AND false", ""},
      {"runs", "UPDATE runs SET run_id = 'ghost' WHERE run_id = 'one-run-0'", "ghost of session one has no events"},
      {"event_counts",
       "UPDATE event_counts SET errors = errors + 1 WHERE resolution = 900 AND type = 'run.end' AND framework = "
       "'openclaw'",
       "900 s from"},
      {"event_counts",
       "DELETE FROM event_counts WHERE resolution = 60 AND type = 'session.start' AND framework = 'openclaw'",
       "0 events, 0 errors but must be 1 events"},
      {"agent_counts", "UPDATE agent_counts SET cost_nano_usd = 0 WHERE resolution = 7200 AND framework = 'openclaw'",
       "cost_nano_usd 0 of 4"},
      {"run_durations", "UPDATE run_durations SET runs = runs + 1 WHERE resolution = 60 AND framework = 'openclaw'",
       "runs but must be"},
      {"tool_counts", "UPDATE tool_counts SET calls = calls + 1 WHERE resolution = 86400 AND name = 'exec'", "calls"},
      {"session_days", "DELETE FROM session_days WHERE session_id = 'one'", "2026-03-13, one is missing"},
      {"vms", "UPDATE vms SET state = 'down'", "vm-1 is down since"},
      {"vms", "UPDATE vm_samples SET restarted = true WHERE ts = (SELECT max(ts) FROM vm_samples)",
       "1 restarts but must be"},
      {"vms", "DELETE FROM vm_samples WHERE ts = (SELECT min(ts) FROM vm_samples)", "4 samples, older ones in 0 steps"},
      {"vms", "UPDATE vm_samples SET verdict_from = 'down' WHERE ts = (SELECT max(ts) FROM vm_samples)",
       "1 of verdict"},
  };
  const database db;
  auto writer = db.writer();
  write(writer, mixed_events());
  for (const auto& one : all) {
    const auto* const change = one.change; // clang 14 takes no part of a structured binding into a lambda
    CAPTURE(change);
    auto connection = db.connect();
    // The change is never committed, so that the next one starts from a right database.
    const auto report = [&] {
      must(connection.exec("BEGIN"));
      must(connection.exec(change));
      auto found = must(verify_in_transaction(connection, *parse_time("2026-03-14T12:00:00Z")));
      connection.roll_back();
      return found;
    }();
    if (std::string_view{one.words}.empty()) {
      CHECK(report.differences.empty());
      continue;
    }
    REQUIRE(report.differences.count(one.table) == 1);
    std::string told;
    for (const auto& example : report.differences.at(one.table).examples) told += example + '\n';
    CHECK_MESSAGE(told.find(one.words) != std::string::npos, told);
  }
}

TEST_CASE("a lost event shows in every table that it was folded into") {
  const database db;
  auto writer = db.writer();
  write(writer, mixed_events());
  auto connection = db.connect();
  must(connection.exec("DELETE FROM events WHERE type = 'span.end' AND run_id = 'one-run-1'"));
  const auto report = must(verify(connection));
  for (const auto* const table : {"sessions", "runs", "event_counts", "agent_counts", "tool_counts"})
    CHECK(report.differences.count(table) == 1);
}
