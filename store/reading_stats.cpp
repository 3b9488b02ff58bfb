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
using std::chrono::seconds;

struct open_sessions {
  int64_t active;
  int64_t waiting;
};

result<open_sessions> count_open(connection& db, timestamp now) {
  static const auto statement = "SELECT (SELECT count(*) FROM sessions WHERE status = 'active' AND last_ts >= $1 AND "
                                + lively_since("$2")
                                + "), (SELECT count(*) FROM sessions WHERE status = 'waiting' AND last_ts >= $3)";
  const timestamp since = now - limits::stale_after;
  const parameters with{since, timestamp{std::chrono::floor<days>(since)}, now - limits::waiting_stale_after};
  const auto found = db.exec(statement, with);
  if (!found) return tl::unexpected{found.error()};
  return open_sessions{found->get<int64_t>(0, 0), found->get<int64_t>(0, 1)};
}

void write_figures(json_writer& json, const figures& of) {
  const auto& sums = of.sums;
  json.member("sessions", of.sessions).member("runs", sums.runs).member("failed_runs", sums.failed);
  json.member("tool_calls", sums.tool_calls).member("errors", sums.errors).member("events", sums.events);
  json.usage_member(used_in(sums)).member("usage_known_runs", sums.usage_known);
  json.member("cost_known_runs", sums.known.back());
  json.millis_member("run_p50_ms", quantile(of.run_durations, 0.5));
  json.millis_member("run_p95_ms", quantile(of.run_durations, 0.95));
}

/// Unknown figures are null.
void write_point(json_writer& json, timestamp at, const std::optional<agent_sums>& sums) {
  const auto counter = [&](int64_t agent_sums::*which) { return sums ? std::optional{(*sums).*which} : std::nullopt; };
  const auto used = sums ? used_in(*sums) : usage{};
  json.begin_object().member("ts", at).member("events", counter(&agent_sums::events));
  json.member("errors", counter(&agent_sums::errors)).member("runs", counter(&agent_sums::runs));
  json.member("failed_runs", counter(&agent_sums::failed)).member("tool_calls", counter(&agent_sums::tool_calls));
  json.member("input_tokens", used.input_tokens).member("output_tokens", used.output_tokens);
  json.raw_member("cost_usd", used.cost_nano_usd ? dollars(*used.cost_nano_usd) : "").end_object();
}

struct day_figures {
  figures all;
  std::map<std::string, figures> by_framework;
};

result<day_figures> read_day(connection& db, const stretch& over) {
  auto by_framework = read_figures_by_framework(db, over);
  if (!by_framework) return tl::unexpected{by_framework.error()};
  const auto sessions = count_sessions(db, "framework", over);
  if (!sessions) return tl::unexpected{sessions.error()};
  day_figures day{{}, std::move(*by_framework)};
  for (int row = 0; row < sessions->size(); ++row)
    if (const auto going_on = sessions->get<int64_t>(row, 1); going_on > 0)
      day.by_framework[sessions->get<std::string>(row, 0)].sessions = going_on;
  for (const auto& [framework, of] : day.by_framework) day.all += of;
  return day;
}

} // namespace

result<std::string> read_summary(connection& db, timestamp now) {
  const auto day = std::chrono::floor<days>(now);
  const auto today = read_day(db, {7200, day, day + days{1}});
  if (!today) return tl::unexpected{today.error()};
  const auto yesterday = read_day(db, {900, day - days{1}, now - days{1}});
  if (!yesterday) return tl::unexpected{yesterday.error()};
  const auto open = count_open(db, now);
  if (!open) return tl::unexpected{open.error()};
  const auto kept_from = read_kept_from(db);
  if (!kept_from) return tl::unexpected{kept_from.error()};
  json_writer json;
  json.begin_object().member("day", std::string_view{format_time(day)}.substr(0, 10));
  json.member("active_sessions", open->active).member("waiting_sessions", open->waiting);
  write_figures(json, today->all);
  json.key("by_framework").begin_array();
  for (const auto& [framework, of] : today->by_framework) {
    json.begin_object().member("framework", framework);
    write_figures(json, of);
    json.end_object();
  }
  json.end_array().key("yesterday");
  if (*kept_from && **kept_from > day - days{1}) return json.null().end_object().text();
  write_figures(json.begin_object(), yesterday->all);
  return json.end_object().end_object().text();
}

result<std::string> read_timeseries(connection& db, const series_filter& filter) {
  const auto step = filter.time.step;
  const auto over = steps_of(filter.time, step);
  const auto by_bucket = read_figures_by_bucket(db, over, filter.framework);
  if (!by_bucket) return tl::unexpected{by_bucket.error()};
  const auto kept_from = read_kept_from(db);
  if (!kept_from) return tl::unexpected{kept_from.error()};
  json_writer json;
  write_time(json.begin_object(), filter.time, over, *kept_from);
  json.member("step_seconds", int64_t{step.count()}).key("points").begin_array();
  for (auto at = over.from; at < over.to; at += step) {
    const auto found = by_bucket->find(at);
    if (*kept_from && at < **kept_from)
      write_point(json, at, std::nullopt);
    else
      write_point(json, at, found == by_bucket->end() ? agent_sums{} : found->second.sums);
  }
  return json.end_array().end_object().text();
}

result<std::string> read_tools(connection& db, const asked_time& time) {
  const auto over = minutes_of(time);
  const auto found = select_stretches(db, "name, slot, sum(calls)::bigint, sum(errors)::bigint", "tool_counts",
                                      cover(over), "GROUP BY name, slot");
  if (!found) return tl::unexpected{found.error()};
  struct tool {
    call_sums sums;
    duration_histogram durations;
  };
  std::map<std::string, tool> tools;
  for (int row = 0; row < found->size(); ++row) {
    auto& of = tools[found->get<std::string>(row, 0)];
    const auto slot = found->get<int32_t>(row, 1);
    const auto calls = found->get<int64_t>(row, 2);
    of.sums += {calls, found->get<int64_t>(row, 3)};
    if (slot != unknown_slot) of.durations.counts.at(static_cast<size_t>(slot)) += calls;
  }
  std::vector<std::pair<std::string, tool>> ranking(tools.begin(), tools.end());
  std::stable_sort(ranking.begin(), ranking.end(),
                   [](const auto& a, const auto& b) { return a.second.sums.calls > b.second.sums.calls; });
  const auto kept_from = read_kept_from(db);
  if (!kept_from) return tl::unexpected{kept_from.error()};
  json_writer json;
  write_time(json.begin_object(), time, over, *kept_from);
  json.key("tools").begin_array();
  for (const auto& [name, of] : ranking) {
    json.begin_object().member("name", name).member("calls", of.sums.calls).member("errors", of.sums.errors);
    json.member("error_rate",
                static_cast<double>(of.sums.errors) / static_cast<double>(std::max<int64_t>(1, of.sums.calls)));
    json.millis_member("p50_ms", quantile(of.durations, 0.5)).millis_member("p95_ms", quantile(of.durations, 0.95));
    json.end_object();
  }
  return json.end_array().end_object().text();
}

} // namespace agentmon::store
