#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"
#include "store/figures.hpp"
#include "store/paging.hpp"
#include "store/reading.hpp"
#include "store/retention.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

using std::chrono::days;

struct agent_key {
  std::string framework;
  std::string client_id;
  std::string host;
  auto operator<=>(const agent_key&) const = default;
};

struct current_work {
  std::string session_id;
  std::string run_id;
  bool waits = false;
  timestamp since;
  std::string title;
  timestamp last;
};

template <class T>
using by_agent = std::map<agent_key, T>;

// Runs of a session follow one another, so the one that goes on is among the latest.
const std::string& select_current() {
  static const auto statement = R"(
WITH open AS (
  SELECT session_id, framework, client_id, host, title, waiting_ts, last_ts FROM sessions
  WHERE status = 'waiting' AND last_ts >= $3
  UNION ALL
  SELECT session_id, framework, client_id, host, title, NULL, last_ts FROM sessions
  WHERE status = 'active' AND last_ts >= $1 AND )"
                                + lively_since("$2") + R"()
SELECT DISTINCT ON (framework, client_id, host) framework, client_id, host, session_id, COALESCE(run_id, ''),
       (waiting_ts IS NOT NULL)::integer, COALESCE(waiting_ts, run_start), COALESCE(NULLIF(run_title, ''), title), last_ts
FROM open LEFT JOIN LATERAL (
  SELECT run_id, COALESCE(started_at, first_ts), title
  FROM (SELECT * FROM runs WHERE runs.session_id = open.session_id ORDER BY first_ts DESC, run_id DESC LIMIT 20) AS latest
  WHERE ended_ts IS NULL ORDER BY first_ts DESC, run_id DESC LIMIT 1) AS run (run_id, run_start, run_title) ON true
WHERE waiting_ts IS NOT NULL OR run_id IS NOT NULL
ORDER BY framework, client_id, host, waiting_ts IS NULL, last_ts DESC, session_id)";
  return statement;
}

agent_key next_agent(row_reader& row) {
  agent_key agent;
  for (auto* const part : {&agent.framework, &agent.client_id, &agent.host}) *part = row.next<std::string>();
  return agent;
}

/// Reads rows that begin with an agent.
template <class T, class Read>
result<by_agent<T>> read_by_agent(const result<rows>& found, Read&& read) {
  if (!found) return tl::unexpected{found.error()};
  by_agent<T> all;
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    auto agent = next_agent(reader);
    all.emplace(std::move(agent), read(reader));
  }
  return all;
}

result<by_agent<int64_t>> read_agent_sessions(connection& db, const stretch& over) {
  return read_by_agent<int64_t>(count_sessions(db, "framework, client_id, host", over),
                                [](row_reader& row) { return row.next<int64_t>(); });
}

result<by_agent<agent_sums>> read_agent_figures(connection& db, const stretch& over) {
  static const auto columns =
      "framework, client_id, host, " + agent_sum_columns("sum(", ")::bigint") + ", min(first_ts), max(last_ts)";
  return read_by_agent<agent_sums>(
      select_stretches(db, columns, "agent_counts", cover(over), "GROUP BY framework, client_id, host"),
      [](row_reader& row) {
        auto sums = read_agent_sums(row);
        sums.first_ts = row.next<std::optional<timestamp>>();
        sums.last_ts = row.next<std::optional<timestamp>>();
        return sums;
      });
}

result<by_agent<current_work>> read_current(connection& db, timestamp now) {
  const timestamp since = now - limits::stale_after;
  const parameters with{since, timestamp{std::chrono::floor<days>(since)}, now - limits::waiting_stale_after};
  return read_by_agent<current_work>(db.exec(select_current(), with), [](row_reader& row) {
    current_work work;
    work.session_id = row.next<std::string>();
    work.run_id = row.next<std::string>();
    work.waits = row.next<int32_t>() != 0;
    work.since = row.next<timestamp>();
    work.title = row.next<std::string>();
    work.last = row.next<timestamp>();
    return work;
  });
}

void write_busy(json_writer& json, const agent_sums& sums, const stretch& over) {
  const bool known = sums.busy_known > 0 || sums.runs == 0;
  const auto share = static_cast<double>(sums.busy_us) / static_cast<double>((over.to - over.from).count());
  json.millis_member("busy_ms", known ? std::optional{sums.busy_us} : std::nullopt);
  json.member("busy_share", known ? std::optional{std::min(share, 1.0)} : std::nullopt);
}

void write_current(json_writer& json, const current_work* work) {
  json.key("current");
  if (work == nullptr) {
    json.null();
    return;
  }
  json.begin_object().member("session_id", work->session_id).text_member("run_id", work->run_id);
  json.member("status", work->waits ? "waiting" : "active").member("since", work->since);
  json.text_member("title", work->title).member("last_ts", work->last).end_object();
}

void write_key(json_writer& json, const agent_key& agent) {
  json.member("framework", agent.framework).text_member("client_id", agent.client_id);
  json.text_member("host", agent.host);
}

void write_agent(json_writer& json, const agent_key& agent, int64_t sessions, const agent_sums& sums,
                 const current_work* work, const stretch& over) {
  write_key(json.begin_object(), agent);
  json.member("name", !agent.client_id.empty() ? agent.client_id : !agent.host.empty() ? agent.host : agent.framework);
  json.member("sessions", sessions).member("runs", sums.runs).member("failed_runs", sums.failed);
  json.member("tool_calls", sums.tool_calls).member("errors", sums.errors).usage_member(used_in(sums));
  json.member("usage_known_runs", sums.usage_known).member("cost_known_runs", sums.known.back());
  write_busy(json, sums, over);
  json.member("first_ts", sums.first_ts).member("last_ts", sums.last_ts);
  write_current(json, work);
  json.end_object();
}

struct agent_step {
  timestamp at;
  int64_t tool_calls = 0;
  int64_t errors = 0;
};

/// Those in which there were any, in order.
result<by_agent<std::vector<agent_step>>> read_steps(connection& db, const stretch& over) {
  const auto found =
      select_stretches(db, "framework, client_id, host, bucket, tool_calls, errors", "agent_counts", {over},
                       "WHERE tool_calls > 0 OR errors > 0 ORDER BY framework, client_id, host, bucket");
  if (!found) return tl::unexpected{found.error()};
  by_agent<std::vector<agent_step>> all;
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    const auto agent = next_agent(reader);
    const auto at = reader.next<timestamp>();
    const auto tool_calls = reader.next<int64_t>();
    all[agent].push_back({at, tool_calls, reader.next<int64_t>()});
  }
  return all;
}

void write_steps(json_writer& json, const agent_key& agent, const std::vector<agent_step>& steps) {
  write_key(json.begin_object(), agent);
  json.key("points").begin_array();
  for (const auto& step : steps) {
    json.begin_object().member("ts", step.at).member("tool_calls", step.tool_calls);
    json.member("errors", step.errors).end_object();
  }
  json.end_array().end_object();
}

template <class T>
const T* find(const by_agent<T>& all, const agent_key& agent) {
  const auto found = all.find(agent);
  return found == all.end() ? nullptr : &found->second;
}

} // namespace

result<std::string> read_agents(connection& db, const asked_time& time, timestamp now) {
  const auto over = minutes_of(time);
  const auto sessions = read_agent_sessions(db, over);
  if (!sessions) return tl::unexpected{sessions.error()};
  const auto sums = read_agent_figures(db, over);
  if (!sums) return tl::unexpected{sums.error()};
  const auto work = read_current(db, now);
  if (!work) return tl::unexpected{work.error()};
  const auto kept_from = read_kept_from(db);
  if (!kept_from) return tl::unexpected{kept_from.error()};
  // Those whose sessions went on but who did nothing in the time are left out.
  std::vector<const by_agent<agent_sums>::value_type*> ordered;
  for (const auto& agent : *sums)
    if (const auto* const count = find(*sessions, agent.first); count != nullptr && *count > 0 && agent.second.last_ts)
      ordered.push_back(&agent);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto* a, const auto* b) { return a->second.last_ts > b->second.last_ts; });
  json_writer json;
  write_time(json.begin_object(), time, over, *kept_from);
  json.key("agents").begin_array();
  const stretch known{over.resolution, std::max(over.from, kept_from->value_or(over.from)), over.to};
  for (const auto* const agent : ordered)
    write_agent(json, agent->first, *find(*sessions, agent->first), agent->second, find(*work, agent->first), known);
  return json.end_array().end_object().text();
}

result<std::string> read_agent_steps(connection& db, const asked_time& time) {
  const auto over = steps_of(time, time.step);
  const auto steps = read_steps(db, over);
  if (!steps) return tl::unexpected{steps.error()};
  const auto kept_from = read_kept_from(db);
  if (!kept_from) return tl::unexpected{kept_from.error()};
  json_writer json;
  write_time(json.begin_object(), time, over, *kept_from);
  json.member("step_seconds", int64_t{time.step.count()}).key("agents").begin_array();
  for (const auto& each : *steps) write_steps(json, each.first, each.second);
  return json.end_array().end_object().text();
}

} // namespace agentmon::store
