#include "store/state_json.hpp"

#include "store/shown_status.hpp"
#include "store/state_columns.hpp"

namespace agentmon::store {
namespace {

std::optional<timestamp> time_of(const std::optional<event_key>& key) {
  return key ? std::optional{key->ts} : std::nullopt;
}

} // namespace

void write_members(json_writer& json, const session_state& session, timestamp now) {
  json.member("session_id", session.session_id).text_member("framework", session.framework);
  json.text_member("client_id", session.client_id).text_member("host", session.host);
  const auto status = shown_status(session, now);
  json.text_member("title", session.title).member("status", status);
  json.member("waiting_since", status == "waiting" ? session.waiting_ts : std::nullopt);
  json.member("started_at", session.started_at);
  json.member("ended_at", has_ended(session) ? time_of(session.ended) : std::nullopt);
  json.member("first_ts", time_of(session.first)).member("last_ts", session.last_ts);
  json.millis_member("duration_ms", duration_of(session));
  json.key("counts").begin_object();
  json.member("events", session.counts.events).member("runs", session.runs).member("failed_runs", session.failed_runs);
  json.member("spans", session.counts.spans).member("tool_calls", session.counts.tool_calls);
  json.member("errors", session.counts.errors).end_object();
  json.usage_member(used_by(session)).member("runs_with_usage", session.runs_with_usage);
}

void write_members(json_writer& json, const run_state& run, timestamp now) {
  const auto status = shown_status(run, now);
  json.member("run_id", run.run_id).member("session_id", run.session_id).text_member("framework", run.framework);
  json.text_member("client_id", run.client_id).text_member("host", run.host);
  json.text_member("title", run.title).member("status", status).text_member("model", run.model);
  json.member("waiting_since", status == "waiting" ? run.waiting_ts : std::nullopt);
  json.member("started_at", run.started_at).member("ended_at", time_of(run.ended));
  json.member("first_ts", time_of(run.first)).member("last_ts", run.last_ts);
  json.millis_member("duration_ms", duration_of(run));
  json.key("counts").begin_object();
  json.member("events", run.counts.events).member("spans", run.counts.spans);
  json.member("tool_calls", run.counts.tool_calls).member("errors", run.counts.errors).end_object();
  json.usage_member(used_by(run));
}

} // namespace agentmon::store
