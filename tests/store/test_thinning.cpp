#include "store/thinning.hpp"
#include "store/verify.hpp"
#include "tests/store/postgres_fixture.hpp"
#include "tests/store/scenario.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;
using namespace std::chrono_literals;

namespace {

const auto today = *parse_time("2026-03-13T12:30:00Z");

/// Snapshots of one machine, a minute apart from `from` on.
std::vector<std::string> snapshots(const char* name, timestamp from, int count, const char* state = R"("running")") {
  scenario s;
  s.at = from;
  for (int i = 0; i < count; ++i)
    s.add("openclaw.snapshot", "", "", "",
          R"({"name":")" + std::string{name} + R"(","uptime_seconds":)" + std::to_string(1000 + 60 * i) + R"(,"state":)"
              + state + "}",
          60'000);
  return s.envelopes;
}

uint64_t thin_all(connection& db, timestamp now = today) {
  uint64_t removed = 0;
  for (thinning_place at;;) {
    const auto done = must(thin_samples(db, at, now));
    removed += done.removed;
    if (!done.next) return removed;
    at = *done.next;
  }
}

int64_t count(connection& db, const std::string& where) {
  return must(db.exec("SELECT count(*) FROM vm_samples WHERE " + where, parameters{})).get<int64_t>(0, 0);
}

} // namespace

TEST_CASE("young samples all stay, then one in five minutes, then one an hour; verify agrees before and after") {
  const database db;
  auto writer = db.writer();
  for (const auto days : {0, 5, 40}) write(writer, snapshots("zap", today - 24h * days - 10h, 180));
  write(writer, snapshots("calm", today - 24h * 5, 10));
  auto connection = db.connect();
  CHECK(must(verify(connection, today)).differences.empty());

  CHECK(thin_all(connection) > 0);
  const auto at = [](int days) {
    return "vm = 'zap' AND ts BETWEEN timestamptz '2026-03-13T02:30:00Z' - interval '" + std::to_string(days)
           + " days' AND timestamptz '2026-03-13T12:30:00Z' - interval '" + std::to_string(days) + " days'";
  };
  CHECK(count(connection, at(0)) == 180);
  CHECK(count(connection, at(5)) == 38); // 36 steps, one more that is cut, and the restart that it begins with
  CHECK(count(connection, at(40)) == 5); // 4 hours, and the first of all
  CHECK(count(connection, "vm = 'calm'") == 4);
  CHECK(must(verify(connection, today)).differences.empty());
  CHECK(thin_all(connection) == 0);
}

TEST_CASE("marks are never thinned, and what comes late is thinned, too") {
  const database db;
  auto writer = db.writer();
  const auto begin = today - 24h * 40;
  write(writer, snapshots("zap", begin, 10));
  write(writer, snapshots("zap", begin + 10min, 1, R"("paused","verdict":"down")"));
  write(writer, snapshots("zap", begin + 20min, 10, R"("running","verdict":"healthy")"));
  auto connection = db.connect();
  thin_all(connection);
  const auto marks = count(connection, "changed_from IS NOT NULL OR verdict_from IS NOT NULL OR restarted");
  CHECK(marks == 2);
  CHECK(must(verify(connection, today)).differences.empty());

  write(writer, snapshots("zap", begin + 40min, 10, R"("running","verdict":"healthy")"));
  CHECK(thin_all(connection) > 0);
  CHECK(must(verify(connection, today)).differences.empty());
}

TEST_CASE("verify tells a step that has lost all its samples") {
  const database db;
  auto writer = db.writer();
  write(writer, snapshots("zap", today - 24h * 5, 30));
  auto connection = db.connect();
  thin_all(connection);
  must(connection.exec("DELETE FROM vm_samples WHERE ts = (SELECT max(ts) FROM vm_samples)"));
  CHECK(must(verify(connection, today)).differences.count("vms") == 1);
}
