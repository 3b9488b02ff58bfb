#include "store/verify.hpp"
#include "tests/store/json_answer.hpp"
#include "tests/store/pages.hpp"
#include "tests/store/scenario.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

namespace {

/// Two machines over an hour: one that is paused, goes on, is restarted while it cannot tell its uptime, one that is
/// not.
std::vector<std::string> snapshots() {
  scenario s;
  const auto add = [&](const char* name, const char* state, const std::string& uptime, int seconds = 30) {
    s.add("openclaw.snapshot", "", "", "",
          R"({"name":")" + std::string{name} + R"(","state":")" + state + '"'
              + (uptime.empty() ? "" : R"(,"uptime_seconds":)" + uptime) + '}',
          seconds * 1000);
  };
  add("zap", "running", "1000");
  add("calm", "running", "5", 0);
  add("zap", "running", "1030");
  add("zap", "paused", "");
  add("zap", "paused", "");
  add("zap", "running", "1031.5");
  add("calm", "running", "155", 0);
  add("zap", "running", "");
  add("zap", "running", "20");
  add("zap", "running", "50");
  add("zap", "shutoff", "10");
  return s.envelopes;
}

std::string marks(const database& db,
                  const query_parameters& range = {{"from", "2026-03-13T12:00:00Z"}, {"to", "2026-03-13T13:00:00Z"}}) {
  auto connection = db.connect();
  const json_answer answer{read_marks(connection, must(parse_time_asked(range, now())))};
  std::string shown;
  for (size_t i = 0; i < answer.size("/marks"); ++i) {
    const auto mark = "/marks/" + std::to_string(i);
    shown += answer[mark + "/ts"].substr(14, 5) + ' ' + answer[mark + "/kind"] + ' ' + answer[mark + "/message"] + '\n';
  }
  return shown;
}

constexpr auto all_marks = "04:30 vm_restart zap was restarted\n"
                           "04:30 vm_state zap is shutoff, was running\n"
                           "03:30 vm_restart zap was restarted\n"
                           "02:30 vm_state zap is running, was paused\n"
                           "01:30 vm_state zap is paused, was running\n";

} // namespace

TEST_CASE("restarts and changes of state are marks, newest first") {
  const database db;
  auto writer = db.writer();
  write(writer, snapshots());
  CHECK(marks(db) == all_marks);
  CHECK(marks(db, {{"from", "2026-03-13T12:02:00Z"}, {"to", "2026-03-13T12:04:30Z"}})
        == "03:30 vm_restart zap was restarted\n02:30 vm_state zap is running, was paused\n");
  CHECK(marks(db, {{"from", "2026-03-12T12:02:00Z"}, {"to", "2026-03-13T12:00:00Z"}}).empty());
  auto connection = db.connect();
  const json_answer samples{read_vm_samples(
      connection, "zap",
      must(parse_time_asked({{"from", "2026-03-13T12:00:00Z"}, {"to", "2026-03-13T12:04:00Z"}}, now())))};
  CHECK(samples["/window"] == "null");
  CHECK(samples["/from"] == "2026-03-13T12:00:00.000Z");
  CHECK(samples.size("/samples") == 7);
  CHECK(samples["/samples/0/uptime_seconds"] == "1000.0");
  CHECK(samples["/samples/2/uptime_seconds"] == "null");
}

TEST_CASE("marks are the same whatever order the snapshots come in") {
  std::mt19937 random{3};
  for (int round = 0; round < 12; ++round) {
    const database db;
    auto writer = db.writer();
    auto events = snapshots();
    std::shuffle(events.begin(), events.end(), random);
    for (size_t from = 0; from < events.size();) {
      const auto count = std::min<size_t>(1 + random() % 4, events.size() - from);
      write(writer, {events.begin() + static_cast<long>(from), events.begin() + static_cast<long>(from + count)});
      from += count;
    }
    CHECK(marks(db) == all_marks);
    auto connection = db.connect();
    CHECK(must(verify(connection)).differences.empty());
  }
}
