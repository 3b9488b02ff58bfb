#include "protocol/limits.hpp"
#include "store/search.hpp"
#include "store/verify.hpp"
#include "tests/store/pages.hpp"
#include "tests/store/scenario.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

namespace {

void index_all(const database& db) {
  auto connection = db.connect();
  const auto behind = must(runs_to_index(connection, 10'000));
  must(index_runs(connection, behind));
}

void add_work(scenario& s, int number) {
  const auto session = (number < 10 ? "s0" : "s") + std::to_string(number), run = session + "-a";
  s.add("session.start", session);
  s.add("run.start", session, run, "", R"({"input":"fix\n the parser, number )" + std::to_string(number) + "\"}");
  s.add("span.end", session, run, "t",
        number % 5 == 0 ? R"({"kind":"tool","name":"exec","status":"error"})" : R"({"kind":"tool","name":"exec"})");
  s.add("span.end", session, run, "m",
        R"({"kind":"model","usage":{"input_tokens":)" + std::to_string(100 + number) + "}}");
  switch (number % 6) {
  case 0:
    s.add("run.end", session, run, "", R"({"status":"success"})"),
        s.add("session.end", session, "", "", R"({"status":"success"})");
    break;
  case 1:
    s.add("run.end", session, run, "", R"({"status":"error"})"),
        s.add("session.end", session, "", "", R"({"status":"error"})");
    break;
  case 2: s.add("run.waiting", session, run); break;
  case 3: s.add("run.end", session, run), s.add("run.start", session, session + "-b"); break;
  case 4: s.add("session.waiting", session); break;
  default:
    s.add("run.end", session, run, "", R"({"status":"aborted","duration_ms":60000})"),
        s.add("session.end", session, "", "", number == 5 ? R"({"status":"aborted"})" : "{}");
  }
}

const timestamp begin = *parse_time("2026-03-13T10:00:00Z");
const timestamp at = begin + std::chrono::minutes{125}; // when the lists are read: half of what is open is stale

/// 24 sessions of several agents in every status, two at a time.
const database& work() {
  static const database db;
  static const bool filled = [] {
    auto writer = db.writer();
    scenario s;
    for (int number = 0; number < 24; ++number) {
      s.framework = number % 3 == 0 ? "codex" : "openclaw";
      s.client_id = number % 4 == 3 ? "" : "client-" + std::to_string(number % 4);
      s.host = "host-" + std::to_string(number % 2);
      s.at = begin + std::chrono::minutes{10} * (number / 2);
      add_work(s, number);
    }
    write(writer, s.envelopes);
    index_all(db);
    return true;
  }();
  static_cast<void>(filled);
  return db;
}

/// Runs, or sessions, as the events themselves tell them.
std::string from_events(const std::string& level) {
  const std::string own = level == "run" ? "session_id, run_id" : "session_id";
  const auto earliest = [](const std::string& column) {
    return "(array_agg(COALESCE(" + column + ", '') ORDER BY ts, event_id))[1]";
  };
  return "(SELECT *, COALESCE(outcome, CASE WHEN waits = last_ts THEN 'waiting' WHEN last_ts < '"
         + format_time(at - limits::stale_after) + "' THEN 'stale' ELSE 'active' END) AS status FROM (SELECT " + own
         + ", min(ts) AS first_ts, max(ts) AS last_ts, " + earliest("source_framework") + " AS framework, "
         + earliest("client_id") + " AS client_id, " + earliest("host")
         + " AS host,"
           " max(ts) FILTER (WHERE type IN ('run.waiting', 'session.waiting')) AS waits,"
           " (array_agg(COALESCE(payload ->> 'status', 'ended') ORDER BY ts DESC, event_id DESC)"
           "  FILTER (WHERE type = '"
         + level + ".end'))[1] AS outcome" + " FROM events WHERE " + level + "_id IS NOT NULL GROUP BY " + own
         + ") AS folded) AS right_ones";
}

std::vector<std::string> sessions(const query_parameters& query, const database& db = work()) {
  auto connection = db.connect();
  return all_ids(query, "sessions", "session_id", parse_session_filter,
                 [&](const session_filter& filter) { return read_sessions(connection, filter, at); });
}

std::vector<std::string> right_sessions(const std::string& condition, const std::string& order = "first_ts IS NULL",
                                        const database& db = work()) {
  const auto ids = first_column(db, "SELECT session_id FROM " + from_events("session") + " WHERE " + condition
                                        + " ORDER BY " + order + ", first_ts DESC, session_id DESC");
  REQUIRE(!ids.empty());
  return ids;
}

std::vector<std::string> runs(const query_parameters& query) {
  auto connection = work().connect();
  return all_ids(query, "runs", "run_id", parse_run_filter,
                 [&](const run_filter& filter) { return read_runs(connection, filter, at); });
}

std::vector<std::string> right_runs(const std::string& condition) {
  const auto ids = first_column(work(), "SELECT run_id FROM " + from_events("run") + " WHERE " + condition
                                            + " ORDER BY first_ts DESC, run_id DESC, session_id DESC");
  REQUIRE(!ids.empty());
  return ids;
}

constexpr auto by_attention = "array_position(ARRAY['waiting', 'error', 'stale', 'active'], status) NULLS LAST";

} // namespace

TEST_CASE("sessions page under every filter and status as their events tell them") {
  CHECK(sessions({}) == right_sessions("true"));
  for (const auto status : session_statuses)
    CHECK(sessions({{"status", std::string{status}}}) == right_sessions("status = '" + std::string{status} + '\''));
  CHECK(sessions({{"status", "error,waiting"}}) == right_sessions("status IN ('error', 'waiting')"));
  CHECK(sessions({{"client_id", "client-1"}}) == right_sessions("client_id = 'client-1'"));
  CHECK(sessions({{"status", "active,stale,ended"}, {"host", "host-1"}, {"from", "2026-03-13T10:30:00Z"}})
        == right_sessions(
            "status IN ('active', 'stale', 'ended') AND host = 'host-1' AND first_ts >= '2026-03-13T10:30Z'"));
  CHECK(sessions({{"framework", "nobody"}}).empty());
}

TEST_CASE("order=attention puts first what waits, then what failed, what is stale, what is active") {
  CHECK(sessions({{"order", "attention"}}) == right_sessions("true", by_attention));
  CHECK(sessions({{"order", "attention"}, {"host", "host-0"}}) == right_sessions("host = 'host-0'", by_attention));
  CHECK(sessions({{"order", "attention"}, {"status", "active,success,error"}})
        == right_sessions("status IN ('active', 'success', 'error')", by_attention));
}

TEST_CASE("q= finds sessions by words of a run and by the beginnings of their names") {
  const auto with = [](const std::string& condition) {
    return right_sessions("session_id IN (SELECT session_id FROM events WHERE " + condition + ")");
  };
  CHECK(sessions({{"q", "parser"}}) == right_sessions("true"));
  CHECK(sessions({{"q", "number 1"}}) == with(R"(payload ->> 'input' ~ '\m1')"));
  CHECK(sessions({{"q", "7 PARSER"}}) == with(R"(payload ->> 'input' ~ '\m7\M')"));
  CHECK(sessions({{"q", "S1"}}) == right_sessions("session_id LIKE 's1%'"));
  CHECK(sessions({{"q", "\"client-2\" parser"}}) == right_sessions("client_id = 'client-2'"));
  CHECK(sessions({{"q", "code host-0"}}) == right_sessions("framework = 'codex' AND host = 'host-0'"));
  CHECK(sessions({{"q", "pars"}, {"status", "error"}, {"order", "attention"}}) == right_sessions("status = 'error'"));
  CHECK(sessions({{"q", "arser"}}).empty());
  CHECK(sessions({{"q", "parser nowhere"}}).empty());
  CHECK(sessions({{"q", " !? \" "}}).empty());
  CHECK(sessions({{"q", "it's \\ ' & | ! ( :*"}}).empty());
}

TEST_CASE("q= with words that very many runs hold pages on, session by session") {
  const database db;
  auto writer = db.writer();
  scenario s;
  for (int session = 0; session < 850; ++session)
    for (int run = 0; run < 3; ++run) {
      const auto id = "s" + std::to_string(session);
      s.add("run.start", id, id + '-' + std::to_string(run), "",
            session % 10 == 3 || session < 50 || session >= 800 ? R"({"input":"odd"})" : R"({"input":"even"})");
    }
  write(writer, s.envelopes);
  index_all(db);
  // Very many, though few of the newest; and many of the newest and the oldest, though few.
  static_assert(3 * 675 > limits::search_runs_found && 3 * 175 < limits::search_runs_found);
  const auto right = [&](const std::string& order, const std::string& word = "even") {
    return right_sessions("session_id IN (SELECT session_id FROM events WHERE payload ->> 'input' = '" + word + "')",
                          order, db);
  };
  CHECK(sessions({{"q", "even"}, {"limit", "50"}}, db) == right("first_ts IS NULL"));
  CHECK(sessions({{"q", "eve"}, {"limit", "60"}, {"order", "attention"}}, db) == right(by_attention));
  CHECK(sessions({{"q", "odd"}, {"limit", "20"}}, db) == right("first_ts IS NULL", "odd"));
}

TEST_CASE("runs page under every filter as their events tell them") {
  CHECK(runs({}) == right_runs("true"));
  for (const auto status : run_statuses) {
    CAPTURE(status);
    const auto is = "status = '" + std::string{status} + '\'';
    if (first_column(work(), "SELECT run_id FROM " + from_events("run") + " WHERE " + is).empty()) continue;
    CHECK(runs({{"status", std::string{status}}}) == right_runs(is));
  }
  CHECK(runs({{"status", "error,aborted"}}) == right_runs("status IN ('error', 'aborted')"));
  CHECK(runs({{"framework", "codex"}}) == right_runs("framework = 'codex'"));
  CHECK(runs({{"host", "host-1"}, {"client_id", "client-1"}})
        == right_runs("host = 'host-1' AND client_id = 'client-1'"));
  CHECK(runs({{"host", "host-1"}, {"status", "ended,active"}})
        == right_runs("host = 'host-1' AND status IN ('ended', 'active')"));
  CHECK(runs({{"from", "2026-03-13T10:30:00Z"}, {"to", "2026-03-13T11:10:00Z"}})
        == right_runs("first_ts >= '2026-03-13T10:30Z' AND first_ts < '2026-03-13T11:10Z'"));
  CHECK(runs({{"from", "2026-03-13T10:30:00Z"}, {"to", "2026-03-13T11:10:00Z"}, {"framework", "openclaw"}})
        == right_runs("first_ts >= '2026-03-13T10:30Z' AND first_ts < '2026-03-13T11:10Z' AND framework = 'openclaw'"));
  CHECK(runs({{"session_id", "s03"}}) == right_runs("session_id = 's03'"));
  CHECK(runs({{"session_id", "s03"}, {"status", "stale"}}) == std::vector<std::string>{"s03-b"});
  CHECK(runs({{"session_id", "s03"}, {"status", "active"}}).empty());
  CHECK(runs({{"host", "nowhere"}}).empty());
  CHECK(runs({{"session_id", "nobody"}}).empty());
}

TEST_CASE("titles and waiting are shown, and what waits becomes stale after a day only") {
  auto connection = work().connect();
  const auto at_end = begin + std::chrono::hours{20};
  const json_answer waiting{
      read_sessions(connection, must(parse_session_filter({{"status", "waiting"}, {"limit", "1"}})), at_end)};
  CHECK(waiting["/sessions/0/session_id"] == "s22");
  CHECK(waiting["/sessions/0/status"] == "waiting");
  CHECK(waiting["/sessions/0/title"] == "fix the parser, number 22");
  CHECK(waiting["/sessions/0/waiting_since"] == waiting["/sessions/0/last_ts"]);
  const json_answer run{read_run(connection, "s02-a", {}, at_end)};
  CHECK(run["/title"] == "fix the parser, number 2");
  CHECK(run["/status"] == "waiting");
  CHECK(run["/waiting_since"] == run["/last_ts"]);
  const json_answer other{read_run(connection, "s03-b", {}, at_end)};
  CHECK(other["/title"] == "null");
  CHECK(other["/waiting_since"] == "null");
  const json_answer summary{read_summary(connection, at_end)};
  CHECK(summary["/waiting_sessions"] == "8");
  CHECK(summary["/active_sessions"] == "0");

  const auto next_day = begin + limits::waiting_stale_after + std::chrono::hours{2};
  const auto listed = [&](const char* status, const timestamp now) {
    return json_answer{read_sessions(connection, must(parse_session_filter({{"status", status}})), now)};
  };
  CHECK(listed("waiting", next_day).size("/sessions") == 0);
  const auto stale = listed("stale", next_day);
  CHECK(stale.size("/sessions") == listed("stale", at_end).size("/sessions") + 8);
  CHECK(stale["/sessions/0/session_id"] == "s22");
  CHECK(stale["/sessions/0/status"] == "stale");
  CHECK(stale["/sessions/0/waiting_since"] == "null");
  const json_answer killed{read_run(connection, "s02-a", {}, next_day)};
  CHECK(killed["/status"] == "stale");
  CHECK(killed["/waiting_since"] == "null");
  const json_answer later{read_summary(connection, next_day)};
  CHECK(later["/waiting_sessions"] == "0");
  CHECK(must(verify(connection)).differences.empty());
}

TEST_CASE("agents tell what their events tell") {
  auto connection = work().connect();
  const query_parameters range{{"from", "2026-03-13T10:20:00Z"}, {"to", "2026-03-13T11:40:00Z"}};
  const json_answer agents{read_agents(connection, must(parse_time_asked(range, at)), at)};
  const std::string within = "ts >= '2026-03-13T10:20Z' AND ts < '2026-03-13T11:40Z'";
  const std::string of_agent =
      " source_framework = framework AND COALESCE(e.client_id, '') = a.client_id AND COALESCE(e.host, '') = a.host";
  const auto right = first_column(
      work(),
      "SELECT concat_ws(' ', framework, NULLIF(client_id, ''), host, sessions, runs, failed, tools, errors, tokens)"
      " FROM (SELECT framework, client_id, host, count(*) AS sessions FROM "
          + from_events("session")
          + " WHERE first_ts < '2026-03-13T11:40Z' AND last_ts >= '2026-03-13T10:20Z'"
            " GROUP BY framework, client_id, host) AS a"
            " JOIN LATERAL (SELECT count(*), count(*) FILTER (WHERE status = 'error') FROM "
          + from_events("run")
          + " WHERE right_ones.framework = a.framework AND right_ones.client_id = a.client_id AND right_ones.host = "
            "a.host"
            " AND first_ts >= '2026-03-13T10:20Z' AND first_ts < '2026-03-13T11:40Z') AS r (runs, failed) ON true"
            " JOIN LATERAL (SELECT count(*) FILTER (WHERE payload ->> 'kind' = 'tool'),"
            " count(*) FILTER (WHERE payload ->> 'status' = 'error' AND type = 'span.end'),"
            " sum((payload -> 'usage' ->> 'input_tokens')::bigint), max(ts) FROM events AS e WHERE"
          + of_agent + " AND " + within
          + ") AS f (tools, errors, tokens, last) ON true ORDER BY last DESC, framework, client_id, host");
  std::vector<std::string> shown;
  for (size_t i = 0; i < agents.size("/agents"); ++i) {
    const auto agent = "/agents/" + std::to_string(i);
    std::string words = agents[agent + "/framework"];
    if (agents[agent + "/client_id"] != "null") words += ' ' + agents[agent + "/client_id"];
    for (const auto* const key :
         {"/host", "/sessions", "/runs", "/failed_runs", "/tool_calls", "/errors", "/usage/input_tokens"})
      words += ' ' + agents[agent + key];
    shown.push_back(words);
  }
  CHECK(shown.size() > 5);
  CHECK(shown == right);
}

TEST_CASE("agents tell their tool calls and errors step by step") {
  auto connection = work().connect();
  const query_parameters range{{"from", "2026-03-13T10:20:00Z"}, {"to", "2026-03-13T11:40:00Z"}};
  const json_answer answer{read_agent_steps(connection, must(parse_time_asked(range, at)))};
  CHECK(answer["/step_seconds"] == "60");
  const auto right = first_column(
      work(),
      "SELECT concat_ws(' ', source_framework, client_id, host,"
      " to_char(date_trunc('minute', ts) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI'), tools, errors)"
      " FROM (SELECT source_framework, client_id, host, date_trunc('minute', ts) AS ts,"
      " count(*) FILTER (WHERE type = 'span.end' AND payload ->> 'kind' = 'tool') AS tools,"
      " count(*) FILTER (WHERE type = 'error' OR type = 'span.end' AND payload ->> 'status' = 'error') AS errors"
      " FROM events WHERE ts >= '2026-03-13T10:20Z' AND ts < '2026-03-13T11:40Z' GROUP BY 1, 2, 3, 4) AS steps"
      " WHERE tools > 0 OR errors > 0 ORDER BY source_framework, COALESCE(client_id, ''), COALESCE(host, ''), ts");
  std::vector<std::string> shown;
  for (size_t i = 0; i < answer.size("/agents"); ++i) {
    const auto agent = "/agents/" + std::to_string(i);
    auto name = answer[agent + "/framework"];
    for (const auto* const key : {"/client_id", "/host"})
      if (answer[agent + key] != "null") name += ' ' + answer[agent + key];
    for (size_t k = 0; k < answer.size(agent + "/points"); ++k) {
      const auto point = agent + "/points/" + std::to_string(k);
      shown.push_back(name + ' ' + answer[point + "/ts"].substr(0, 16) + ' ' + answer[point + "/tool_calls"] + ' '
                      + answer[point + "/errors"]);
    }
  }
  CHECK(shown.size() > 10);
  CHECK(shown == right);
}

TEST_CASE("agents tell what they do now, and how much of the time they were busy") {
  const database db;
  auto writer = db.writer();
  scenario s;
  const auto agent = [&](const char* name) { s.client_id = name, s.host = ""; };
  agent("busy");
  s.add("run.start", "a", "a1").add("run.end", "a", "a1", "", R"({"duration_ms":1800000})");
  s.add("run.start", "a", "a2", "", R"({"input":"second"})").add("span.start", "a", "a2", "x");
  agent("waits");
  s.add("run.start", "w", "w1", "", R"({"input":"may I?"})").add("session.waiting", "w");
  s.add("run.start", "other", "o1");
  agent("idle");
  s.add("run.start", "i", "i1").add("run.end", "i", "i1");
  agent("");
  s.add("session.start", "n");
  write(writer, s.envelopes);
  auto connection = db.connect();
  const auto now = s.at + std::chrono::seconds{5};
  const json_answer answer{read_agents(connection, must(parse_time_asked({}, now)), now)};
  REQUIRE(answer.size("/agents") == 4);
  CHECK(answer["/window"] == "1h");
  CHECK(answer["/agents/0/name"] == "openclaw");
  CHECK(answer["/agents/0/client_id"] == "null");
  CHECK(answer["/agents/0/busy_ms"] == "0.0");
  CHECK(answer["/agents/1/name"] == "idle");
  CHECK(answer["/agents/1/current"] == "null");
  CHECK(answer["/agents/2/current/session_id"] == "w");
  CHECK(answer["/agents/2/current/run_id"] == "w1");
  CHECK(answer["/agents/2/current/status"] == "waiting");
  CHECK(answer["/agents/2/current/title"] == "may I?");
  CHECK(answer["/agents/2/busy_ms"] == "null");
  CHECK(answer["/agents/2/busy_share"] == "null");
  CHECK(answer["/agents/3/busy_share"] == "0.5");
  CHECK(answer["/agents/3/current/run_id"] == "a2");
  CHECK(answer["/agents/3/current/status"] == "active");
  CHECK(answer["/agents/3/current/title"] == "second");
  const auto later = now + std::chrono::hours{1};
  const json_answer after{read_agents(connection, must(parse_time_asked({{"window", "24h"}}, later)), later)};
  CHECK(after["/agents/2/current/status"] == "waiting");
  CHECK(after["/agents/3/current"] == "null");
  const auto next_day = now + limits::waiting_stale_after + std::chrono::minutes{1};
  const json_answer at_last{read_agents(connection, must(parse_time_asked({{"window", "7d"}}, next_day)), next_day)};
  CHECK(at_last["/agents/2/current"] == "null");
}
