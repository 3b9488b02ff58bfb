#include "store/search.hpp"
#include "tests/store/pages.hpp"
#include "tests/store/scenario.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

namespace {

/// One database for all that only read: mixed_events() and its words indexed.
const database& known() {
  static const database db;
  static const bool filled = [] {
    auto writer = db.writer();
    write(writer, mixed_events());
    auto connection = db.connect();
    const auto behind = must(runs_to_index(connection, 1000));
    must(index_runs(connection, behind));
    return true;
  }();
  static_cast<void>(filled);
  return db;
}

const timestamp noon = *parse_time("2026-03-13T12:10:00Z");
const timestamp next_day = *parse_time("2026-03-14T00:10:00Z");

std::vector<std::string> event_ids(const query_parameters& query, const database& db = known()) {
  auto connection = db.connect();
  return all_ids(query, "events", "event_id", parse_event_filter,
                 [&](const event_filter& filter) { return read_events(connection, filter); });
}

/// The same, asked of the table itself.
std::vector<std::string> right_ids(const std::string& condition, const database& db = known()) {
  auto connection = db.connect();
  const auto found = must(connection.exec(
      "SELECT event_id FROM events WHERE " + condition + " ORDER BY ts DESC, event_id DESC", parameters{}));
  std::vector<std::string> ids;
  for (int row = 0; row < found.size(); ++row) ids.push_back(to_string(found.get<uuid>(row, 0)));
  REQUIRE(!ids.empty());
  return ids;
}

} // namespace

TEST_CASE("events page through everything once, newest first, under every filter") {
  CHECK(event_ids({}) == right_ids("true"));
  CHECK(event_ids({{"event_type", "run.end"}}) == right_ids("type = 'run.end'"));
  CHECK(event_ids({{"framework", "openclaw"}}) == right_ids("source_framework = 'openclaw'"));
  CHECK(event_ids({{"host", "other"}}) == right_ids("host = 'other'"));
  CHECK(event_ids({{"session_id", "two"}}) == right_ids("session_id = 'two'"));
  CHECK(event_ids({{"session_id", "two"}, {"event_type", "span.end"}})
        == right_ids("session_id = 'two' AND type = 'span.end'"));
  CHECK(event_ids({{"host", "zap"}, {"event_type", "run.start"}}) == right_ids("host = 'zap' AND type = 'run.start'"));
  CHECK(event_ids({{"from", "2026-03-13T12:00:05Z"}, {"to", "2026-03-13T12:00:10.250Z"}})
        == right_ids("ts >= '2026-03-13T12:00:05Z' AND ts < '2026-03-13T12:00:10.250Z'"));
  CHECK(event_ids({{"from", "2026-03-14T00:00:00Z"}, {"event_type", "span.end"}})
        == right_ids("ts >= '2026-03-14T00:00:00Z' AND type = 'span.end'"));
  CHECK(event_ids({{"from", "2026-03-14T00:00:00Z"}, {"session_id", "two"}})
        == right_ids("ts >= '2026-03-14T00:00:00Z' AND session_id = 'two'"));
  CHECK(event_ids({{"event_type", "nothing.such"}}).empty());
  CHECK(event_ids({{"session_id", "nobody"}}).empty());
}

TEST_CASE("rare events among many, over months, page as well") {
  const database db;
  auto writer = db.writer();
  scenario s;
  const auto today = std::chrono::floor<std::chrono::days>(now());
  for (int day = 120; day >= 0; day -= 3) {
    s.at = today - std::chrono::days{day};
    for (int i = 0; i < 20; ++i) s.add("metric.snapshot", "");
    if (day % 9 == 0) s.add("error", "rare", "", "", R"({"error":{"message":"odd"}})");
    s.at += std::chrono::hours{5};
    for (int i = 0; i < 20; ++i) s.add("metric.snapshot", "", "", "", "{}", 20'000);
  }
  // Many in the same microsecond, and one far away.
  for (int i = 0; i < 30; ++i) s.add("error", "rare", "", "", "{}", 0);
  s.at = *parse_time("2001-01-01T00:00:00Z");
  s.add("error", "rare");
  write(writer, s.envelopes);
  CHECK(event_ids({}, db) == right_ids("true", db));
  CHECK(event_ids({{"event_type", "error"}}, db) == right_ids("type = 'error'", db));
  CHECK(event_ids({{"session_id", "rare"}}, db) == right_ids("session_id = 'rare'", db));
}

TEST_CASE("an event is shown as its columns and as its envelope") {
  auto connection = known().connect();
  const json_answer page{read_events(
      connection, must(parse_event_filter({{"event_type", "run.start"}, {"host", "zap"}, {"limit", "1"}})))};
  CHECK(page["/events/0/type"] == "run.start");
  CHECK(page["/events/0/event/type"] == "run.start");
  CHECK(page["/events/0/event_id"] == page["/events/0/event/id"]);
  CHECK(page["/events/0/ts"] == page["/events/0/event/ts"]);
  CHECK(page["/events/0/source_framework"] == "openclaw");
  CHECK(page["/events/0/event/source/framework"] == "openclaw");
  CHECK(page["/events/0/span_id"] == "null");
  CHECK(page["/events/0/correlation/span_id"] == "absent");
  CHECK(page["/events/0/correlation/session_id"] == "one");
  CHECK(page["/events/0/schema/version"] == "1");
  CHECK(page["/events/0/attributes"] == "{}");
  CHECK(page["/events/0/payload/input"] == "please do it");
}

TEST_CASE("sessions are listed, filtered and paged") {
  const database db;
  auto writer = db.writer();
  scenario s;
  for (int i = 0; i < 20; ++i) {
    s.host = i % 2 == 0 ? "even" : "odd";
    if (i % 4 == 0) s.at -= std::chrono::milliseconds{250}; // several begin in the same moment
    s.add("session.start", "session-" + std::to_string(i));
    if (i % 5 == 0) s.add("session.end", "session-" + std::to_string(i), "", "", R"({"status":"error"})", 100);
  }
  write(writer, s.envelopes);
  auto connection = db.connect();
  const auto ids = [&](const query_parameters& query, timestamp at = noon) {
    const auto all = all_ids(query, "sessions", "session_id", parse_session_filter,
                             [&](const session_filter& filter) { return read_sessions(connection, filter, at); });
    CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
    return all.size();
  };
  CHECK(ids({}) == 20);
  CHECK(ids({{"host", "odd"}}) == 10);
  CHECK(ids({{"status", "error"}}) == 4);
  CHECK(ids({{"status", "active"}}) == 16);
  CHECK(ids({{"status", "stale"}}) == 0);
  CHECK(ids({{"status", "stale"}}, next_day) == 16);
  CHECK(ids({{"status", "active"}}, next_day) == 0);
  CHECK(ids({{"framework", "codex"}}) == 0);
  CHECK(ids({{"from", "2026-03-13T12:00:02Z"}}) + ids({{"to", "2026-03-13T12:00:02Z"}}) == 20);
}

TEST_CASE("a session tells its runs") {
  auto connection = known().connect();
  const json_answer session{read_session(connection, "one", must(parse_runs_page({})), noon)};
  CHECK(session["/status"] == "success");
  CHECK(session["/counts"] == R"({"events":66,"runs":4,"failed_runs":1,"spans":28,"tool_calls":24,"errors":4})");
  CHECK(session["/usage/input_tokens"] == "4000");
  CHECK(session["/usage/cost_usd"] == "0.05");
  CHECK(session["/usage/cache_read_tokens"] == "null");
  CHECK(session["/runs_with_usage"] == "4");
  CHECK(session["/duration_ms"] == "16250.0");
  REQUIRE(session.size("/runs") == 4);
  CHECK(session["/runs/0/run_id"] == "one-run-3");
  CHECK(session["/runs/1/status"] == "error");
  CHECK(session["/runs/1/duration_ms"] == "3750.0");
  CHECK(session["/runs/1/model"] == "mock-1");
  CHECK(session["/runs_next_cursor"] == "null");
  const json_answer first{read_session(connection, "one", must(parse_runs_page({{"limit", "3"}})), noon)};
  const json_answer rest{read_session(
      connection, "one", must(parse_runs_page({{"limit", "3"}, {"cursor", first["/runs_next_cursor"]}})), noon)};
  CHECK(rest.size("/runs") == 1);
  CHECK(rest["/runs/0/run_id"] == "one-run-0");
  const auto nobody = read_session(connection, "nobody", must(parse_runs_page({})), noon);
  REQUIRE(!nobody);
  CHECK(nobody.error().code == fault::not_found);
}

TEST_CASE("a run tells its spans and its other events") {
  auto connection = known().connect();
  const json_answer run{read_run(connection, "one-run-1", {}, noon)};
  CHECK(run["/session_id"] == "one");
  REQUIRE(run.size("/spans") == 7);
  CHECK(run["/spans/0/name"] == "read");
  CHECK(run["/spans/0/status"] == "success");
  CHECK(run["/spans/0/duration_ms"] == "10.0");
  CHECK(run["/spans/0/input"] == R"({"path":"/tmp/a"})");
  CHECK(run["/spans/0/output"] == "done");
  CHECK(run["/spans/0/error"] == "null");
  CHECK(run["/spans/4/status"] == "error");
  CHECK(run["/spans/4/error/message"] == "took too long");
  CHECK(run["/spans/6/kind"] == "model");
  CHECK(run["/spans/6/usage/output_tokens"] == "50");
  CHECK(run["/spans/6/model"] == "mock-1");
  CHECK(run.size("/events") == 2);
  CHECK(run["/events/0/type"] == "run.start");
  CHECK(run["/truncated"] == "false");
  CHECK(json_answer{read_run(connection, "unended", {"three"}, noon)}["/status"] == "active");
  CHECK(read_run(connection, "one-run-1", {"two"}, noon).error().code == fault::not_found);
}

TEST_CASE("the summary counts the day, the series its steps, the ranking its tools") {
  auto connection = known().connect();
  const json_answer today{read_summary(connection, noon)};
  CHECK(today["/day"] == "2026-03-13");
  CHECK(today["/sessions"] == "2");
  CHECK(today["/runs"] == "5");
  CHECK(today["/failed_runs"] == "1");
  CHECK(today["/usage/cost_usd"] == "0.0625");
  CHECK(today["/usage/reasoning_tokens"] == "null");
  CHECK(today["/by_framework/1/framework"] == "openclaw");
  CHECK(today["/by_framework/1/runs"] == "4");
  CHECK(today["/by_framework/1/run_p95_ms"] != "null");
  CHECK(today["/yesterday/events"] == "0");
  CHECK(today["/yesterday/usage/input_tokens"] == "null");
  const json_answer tomorrow{read_summary(connection, next_day)};
  CHECK(tomorrow["/active_sessions"] == "1");
  CHECK(tomorrow["/sessions"] == "2");
  CHECK(tomorrow["/yesterday/events"] == "0"); // until ten past midnight nothing happened

  const json_answer series{read_timeseries(connection, must(parse_series_filter({{"window", "1h"}}, noon)))};
  REQUIRE(series.size("/points") == 60);
  CHECK(series["/points/59/ts"] == "2026-03-13T12:10:00.000Z");
  CHECK(series["/points/49/events"] == "66");
  CHECK(series["/points/49/tool_calls"] == "24");
  CHECK(series["/points/49/input_tokens"] == "4000");
  CHECK(series["/points/50/events"] == "0");
  CHECK(series["/points/50/input_tokens"] == "null");
  CHECK(
      json_answer{read_timeseries(connection, must(parse_series_filter({{"window", "7d"}}, next_day)))}.size("/points")
      == 84);

  const json_answer tools{read_tools(connection, must(parse_time_asked({{"window", "24h"}}, next_day)))};
  REQUIRE(tools.size("/tools") == 3);
  CHECK(tools["/tools/0/calls"] == "20");
  CHECK(tools["/tools/1/name"] == "exec");
  CHECK(tools["/tools/1/errors"] == "7");
  CHECK(tools["/tools/1/error_rate"] == "0.35");
  CHECK(std::stod(tools["/tools/1/p50_ms"]) < std::stod(tools["/tools/1/p95_ms"]));
}

TEST_CASE("machines show their latest snapshot and their samples") {
  auto connection = known().connect();
  const json_answer vms{read_vms(connection)};
  REQUIRE(vms.size("/vms") == 1);
  CHECK(vms["/vms/0/name"] == "vm-1");
  CHECK(vms["/vms/0/state"] == "running");
  CHECK(vms["/vms/0/issues"] == "[]");
  CHECK(vms["/vms/0/since"] < vms["/vms/0/ts"]);
  CHECK(vms["/vms/0/snapshot/cpu_percent"] == "12.5");
  const json_answer samples{read_vm_samples(connection, "vm-1", must(parse_time_asked({}, next_day)))};
  CHECK(samples.size("/samples") >= 1);
  CHECK(samples["/samples/0/cpu_percent"] == "12.5");
  CHECK(samples["/samples/0/disk_used_bytes"] == "null");
  CHECK(read_vm_samples(connection, "nobody", must(parse_time_asked({}, noon))).error().code == fault::not_found);
}

TEST_CASE("a machine's samples are the latest of each step") {
  const database db;
  auto writer = db.writer();
  scenario s;
  for (int i = 0; i < 40; ++i)
    s.add("openclaw.snapshot", "", "", "", R"({"name":"a","state":"running","cpu_percent":)" + std::to_string(i) + '}',
          150'000);
  write(writer, s.envelopes);
  auto connection = db.connect();
  const json_answer week{read_vm_samples(connection, "a", must(parse_time_asked({{"window", "7d"}}, next_day)))};
  std::string shown;
  for (size_t i = 0; i < week.size("/samples"); ++i) {
    const auto sample = "/samples/" + std::to_string(i);
    shown += (i > 0 ? "," : "") + week[sample + "/ts"].substr(11, 8) + '='
             + std::to_string(std::stoi(week[sample + "/cpu_percent"]));
  }
  CHECK(week.size("/samples") < 10);
  CHECK(shown
        == db.value(
            "SELECT string_agg(to_char(step AT TIME ZONE 'UTC', 'HH24:MI:SS') || '=' || latest, ',' ORDER BY step)"
            " FROM (SELECT date_bin('840 s', ts, timestamptz 'epoch') AS step, max(cpu_percent) AS latest"
            " FROM vm_samples GROUP BY 1) AS steps"));
}

TEST_CASE("words are found, combined with filters, and paged") {
  CHECK(event_ids({{"q", "please"}}) == right_ids("payload ->> 'input' = 'please do it'"));
  CHECK(event_ids({{"q", "plea"}}) == right_ids("payload ->> 'input' = 'please do it'"));
  CHECK(event_ids({{"q", "PLEASE do"}, {"host", "zap"}})
        == right_ids("payload ->> 'input' = 'please do it' AND host = 'zap'"));
  CHECK(event_ids({{"q", "\"took too long\" -exec"}, {"session_id", "two"}})
        == right_ids("session_id = 'two' AND payload -> 'error' ->> 'message' = 'took too long' AND payload ->> 'name' "
                     "<> 'exec'"));
  CHECK(event_ids({{"q", "crash"}}) == right_ids("payload -> 'error' ->> 'type' = 'Crash'"));
  CHECK(event_ids({{"q", "crash or timeout"}, {"event_type", "error"}}) == right_ids("type = 'error'"));
  CHECK(event_ids({{"q", "nowhere"}}).empty());
  CHECK(event_ids({{"q", "!?"}}).empty());
  CHECK(event_ids({{"q", "it's \\ 'quoted' & | ! ( :*"}}).empty());
}

/// 900 runs over 60 days that overlap, each with the word in its start; every 90th has an answer that holds it, too.
const database& many_runs() {
  static const database db;
  static const bool filled = [] {
    auto writer = db.writer();
    scenario s;
    const auto begin = s.at;
    for (int i = 0; i < 900; ++i) {
      const auto session = "s" + std::to_string(i), run = "r" + std::to_string(i);
      s.host = i % 100 == 7 ? R"(o'b\e)" : "plain";
      s.at = begin + std::chrono::minutes{96} * i;
      s.add("run.start", session, run, "", R"({"input":"find the needle"})");
      s.at += std::chrono::hours{i % 7};
      s.add("custom.answer", session, run, "", i % 90 == 3 ? R"({"text":"a needle, here"})" : R"({"text":"nothing"})");
      if (i % 200 == 11) s.add("error", session, run, "", R"({"error":{"message":"odd one out"}})");
    }
    write(writer, s.envelopes);
    auto connection = db.connect();
    const auto behind = must(runs_to_index(connection, 5000));
    must(index_runs(connection, behind));
    return true;
  }();
  static_cast<void>(filled);
  return db;
}

TEST_CASE("a search over many runs finds every event once, in order, whatever it is combined with") {
  const auto& db = many_runs();
  CHECK(event_ids({{"q", "needle"}}, db) == right_ids("payload::text LIKE '%needle%'", db));
  CHECK(event_ids({{"q", "needle"}, {"event_type", "custom.answer"}}, db)
        == right_ids("type = 'custom.answer' AND payload::text LIKE '%needle%'", db));
  CHECK(event_ids({{"q", "needle"}, {"host", R"(o'b\e)"}}, db)
        == right_ids(R"(host = 'o''b\e' AND payload::text LIKE '%needle%')", db));
  CHECK(event_ids({{"q", "odd"}}, db) == right_ids("type = 'error'", db));
  CHECK(event_ids({{"q", "needle"}, {"from", "2026-04-01T00:00:00Z"}, {"to", "2026-04-20T00:00:00Z"}}, db)
        == right_ids("ts >= '2026-04-01' AND ts < '2026-04-20' AND payload::text LIKE '%needle%'", db));
  CHECK(event_ids({{"q", "\"odd one\""}}, db) == right_ids("type = 'error'", db));
  CHECK(event_ids({{"q", "-nothing needle"}, {"event_type", "custom.answer"}}, db)
        == right_ids("type = 'custom.answer' AND payload::text LIKE '%needle%'", db));
  CHECK(event_ids({{"q", "-needle"}}, db) == right_ids("payload::text NOT LIKE '%needle%'", db));
  CHECK(event_ids({{"q", "needle"}, {"event_type", "error"}}, db).empty());
  CHECK(event_ids({{"q", "needle"}, {"framework", "codex"}}, db).empty());
}

TEST_CASE("a search looks into a bounded number of runs a page and says from where it goes on") {
  auto connection = many_runs().connect();
  query_parameters query{{"q", "here find"}}; // no event holds both, many runs do
  query.emplace("event_type", "custom.answer");
  CHECK(json_answer{read_events(connection, must(parse_event_filter(query)))}.size("/events") == 0);
  query = {{"q", "nothing find"}};
  int pages = 0;
  for (std::string next; next != "null"; ++pages) {
    if (!next.empty()) query.erase("cursor"), query.emplace("cursor", next);
    const json_answer page{read_events(connection, must(parse_event_filter(query)))};
    CHECK(page.size("/events") == 0);
    REQUIRE(next != page["/next_cursor"]);
    next = page["/next_cursor"];
  }
  CHECK(pages > 1);
  CHECK(pages < 6);
}

TEST_CASE("what is not indexed yet is told, and only that") {
  const database db;
  auto writer = db.writer();
  scenario s;
  s.add_session("a", 2, 2);
  write(writer, s.envelopes);
  auto connection = db.connect();
  const auto behind = must(runs_to_index(connection, 100));
  CHECK(behind.size() == 3); // two runs, and the session's own events
  CHECK(must(index_runs(connection, behind)) == 3);
  CHECK(must(runs_to_index(connection, 100)).empty());
  scenario more;
  more.at = s.at;
  more.add("error", "a", "a-run-1", "", R"({"error":{"message":"afterthought"}})");
  write(writer, more.envelopes);
  CHECK(event_ids({{"q", "afterthought"}}, db).empty());
  CHECK(must(runs_to_index(connection, 100)) == std::vector<run_key>{{"a", "a-run-1"}});
  CHECK(must(index_runs(connection, std::vector<run_key>{{"a", "a-run-1"}, {"no", "such"}})) == 1);
  CHECK(event_ids({{"q", "afterthought"}}, db).size() == 1);
}

TEST_CASE("large texts are cut where they can be") {
  const database db;
  auto writer = db.writer();
  scenario s;
  std::string words, wide;
  for (int i = 0; i < 25'000; ++i) words += "w" + std::to_string(i) + ' ';
  for (int i = 0; i < 15'000; ++i) wide += "\xe6\xbc\xa2" + std::to_string(i) + ' ';
  for (int i = 0; i < 4; ++i) {
    s.add("error", "ascii", "r", "", R"({"input":")" + words + "\"}");
    s.add("error", "wide", "r", "", R"({"input":")" + wide + "\"}");
  }
  write(writer, s.envelopes);
  auto connection = db.connect();
  CHECK(must(index_runs(connection, std::vector<run_key>{{"ascii", "r"}, {"wide", "r"}})) == 2);
  CHECK(event_ids({{"q", "w17"}}, db).size() == 4);
}
