#include "protocol/fold.hpp"

#include "protocol/limits.hpp"
#include "protocol/one_line.hpp"

#include <algorithm>

namespace agentmon {
namespace {

event_key key_of(const event& e) { return {e.ts, e.id}; }

bool earlier(const std::optional<event_key>& present, const event_key& key) { return !present || key < *present; }
bool later(const std::optional<event_key>& present, const event_key& key) { return !present || *present < key; }

void keep_earliest(std::optional<timestamp>& at, timestamp ts) { at = at ? std::min(*at, ts) : ts; }
void keep_latest(std::optional<timestamp>& at, timestamp ts) { at = at ? std::max(*at, ts) : ts; }

template <class State>
void fold_title(State& state, const event& e) {
  if (e.input.empty() || (e.type != "run.start" && e.type != "run.end") || !earlier(state.title_from, key_of(e)))
    return;
  auto title = one_line(e.input, limits::title_characters);
  if (title.empty()) return;
  state.title = std::move(title);
  state.title_from = key_of(e);
}

/// What sessions and runs take from any of their events.
template <class State>
void fold_common(State& state, const event& e) {
  if (earlier(state.first, key_of(e))) {
    state.first = key_of(e);
    state.framework = e.framework;
    state.client_id = e.client_id;
    state.host = e.host;
  }
  state.last_ts = std::max(state.last_ts, e.ts);
  state.counts += tally_of(e);
  fold_title(state, e);
  if (e.type == "run.waiting" || e.type == "session.waiting") keep_latest(state.waiting_ts, e.ts);
}

/// The same for a state of other events.
template <class State>
void merge_common(State& state, const State& other) {
  if (other.first && earlier(state.first, *other.first)) {
    state.first = other.first;
    state.framework = other.framework;
    state.client_id = other.client_id;
    state.host = other.host;
  }
  state.last_ts = std::max(state.last_ts, other.last_ts);
  state.counts += other.counts;
  if (other.started_at) keep_earliest(state.started_at, *other.started_at);
  if (other.title_from && earlier(state.title_from, *other.title_from)) {
    state.title_from = other.title_from;
    state.title = other.title;
  }
  if (other.waiting_ts) keep_latest(state.waiting_ts, *other.waiting_ts);
}

std::optional<int64_t> duration(std::optional<int64_t> reported, std::optional<timestamp> started,
                                const std::optional<event_key>& ended) {
  if (reported) return reported;
  if (!started || !ended) return std::nullopt;
  return std::max<int64_t>(0, (ended->ts - *started).count());
}

bool knows_tokens(const usage& used) { return used.input_tokens || used.output_tokens; }

/// Totals only grow, so of several ends the larger figure is the later one, whatever order they come in.
usage largest(usage a, const usage& b) {
  for_each_usage_field([&](auto field, const char*) {
    if (b.*field) a.*field = std::max((a.*field).value_or(0), *(b.*field));
  });
  return a;
}

/// a + (b - c), field by field. A field is known as soon as it ever was: knowledge of a run's usage only grows.
void add_difference(usage& a, const usage& b, const usage& c) {
  for_each_usage_field([&](auto field, const char*) {
    if (b.*field || c.*field) a.*field = (a.*field).value_or(0) + (b.*field).value_or(0) - (c.*field).value_or(0);
  });
}

} // namespace

tally& tally::operator+=(const tally& other) {
  events += other.events;
  spans += other.spans;
  tool_calls += other.tool_calls;
  errors += other.errors;
  return *this;
}

tally tally_of(const event& e) {
  tally t;
  t.events = 1;
  if (e.type == "error") t.errors = 1;
  if (e.type == "span.end") {
    t.spans = 1;
    t.tool_calls = e.kind == "tool" ? 1 : 0;
    t.errors = e.status == outcome::error ? 1 : 0;
  }
  return t;
}

void fold(run_state& run, const event& e) {
  fold_common(run, e);
  if (!e.model.empty() && later(run.model_from, key_of(e))) {
    run.model_from = key_of(e);
    run.model = e.model;
  }
  if (e.type == "run.start") keep_earliest(run.started_at, e.ts);
  if (e.type == "span.end") run.spans_used += e.used;
  if (e.type == "run.end") run.end_used = largest(run.end_used, e.used);
  if (e.type == "run.end" && later(run.ended, key_of(e))) {
    run.ended = key_of(e);
    run.status = e.status;
    run.reported_duration_us = e.duration_us;
  }
}

void merge(run_state& run, const run_state& other) {
  merge_common(run, other);
  if (other.model_from && later(run.model_from, *other.model_from)) {
    run.model_from = other.model_from;
    run.model = other.model;
  }
  run.spans_used += other.spans_used;
  run.end_used = largest(run.end_used, other.end_used);
  if (other.ended && later(run.ended, *other.ended)) {
    run.ended = other.ended;
    run.status = other.status;
    run.reported_duration_us = other.reported_duration_us;
  }
}

usage used_by(const run_state& run) { return or_else(run.end_used, run.spans_used); }

std::optional<int64_t> duration_of(const run_state& run) {
  return duration(run.reported_duration_us, run.started_at, run.ended);
}

std::string_view status_word(bool has_ended, outcome status) {
  if (!has_ended) return "active";
  return status == outcome::none ? "ended" : to_string(status);
}

bool is_waiting(const run_state& run) { return !run.ended && run.waiting_ts && *run.waiting_ts >= run.last_ts; }

std::string_view status_of(const run_state& run) {
  return is_waiting(run) ? "waiting" : status_word(run.ended.has_value(), run.status);
}

void fold(session_state& session, const event& e) {
  fold_common(session, e);
  if (e.type == "session.start") {
    keep_earliest(session.started_at, e.ts);
    keep_latest(session.restarted_at, e.ts);
  }
  if (e.type == "session.end") session.end_used = largest(session.end_used, e.used);
  if (e.type == "session.end" && later(session.ended, key_of(e))) {
    session.ended = key_of(e);
    session.status = e.status;
  }
}

void merge(session_state& session, const session_state& other) {
  merge_common(session, other);
  if (other.restarted_at) keep_latest(session.restarted_at, *other.restarted_at);
  session.end_used = largest(session.end_used, other.end_used);
  if (other.ended && later(session.ended, *other.ended)) {
    session.ended = other.ended;
    session.status = other.status;
  }
  session.runs += other.runs;
  session.failed_runs += other.failed_runs;
  session.runs_used += other.runs_used;
  session.runs_with_usage += other.runs_with_usage;
}

void fold(session_state& session, const run_state& before, const run_state& after) {
  const auto was = contribution_of(before), is = contribution_of(after);
  session.runs += is.runs - was.runs;
  session.failed_runs += is.failed - was.failed;
  session.runs_with_usage += is.usage_known - was.usage_known;
  add_difference(session.runs_used, is.used, was.used);
}

usage used_by(const session_state& session) { return or_else(session.end_used, session.runs_used); }

bool has_ended(const session_state& session) {
  return session.ended && (!session.restarted_at || *session.restarted_at <= session.ended->ts);
}

bool is_waiting(const session_state& session) {
  return !has_ended(session) && session.waiting_ts && *session.waiting_ts >= session.last_ts;
}

std::string_view status_of(const session_state& session) {
  return is_waiting(session) ? "waiting" : status_word(has_ended(session), session.status);
}

std::optional<int64_t> duration_of(const session_state& session) {
  const bool ended = has_ended(session);
  if (!session.first || (ended && session.first == session.ended)) return std::nullopt;
  const auto begin = session.started_at.value_or(session.first->ts);
  return std::max<int64_t>(0, ((ended ? session.ended->ts : session.last_ts) - begin).count());
}

run_contribution contribution_of(const run_state& run) {
  if (!run.first) return {};
  const auto used = used_by(run);
  return {
      .runs = 1,
      .ended = run.ended ? 1 : 0,
      .failed = run.status == outcome::error ? 1 : 0,
      .aborted = run.status == outcome::aborted ? 1 : 0,
      .usage_known = knows_tokens(used) ? 1 : 0,
      .cost_known = used.cost_nano_usd ? 1 : 0,
      .used = used,
      .duration_us = duration_of(run),
  };
}

void fold(span_state& span, const event& e) {
  const auto describe = [&](span_description& to) {
    to = {std::string{e.parent_span_id}, std::string{e.kind}, std::string{e.name}, std::string{e.model}};
  };
  if (e.type == "span.start") keep_earliest(span.started_at, e.ts);
  if (e.type != "span.end") {
    if (!earlier(span.begun, key_of(e))) return;
    span.begun = key_of(e);
    describe(span.at_begin);
  } else if (later(span.ended, key_of(e))) {
    span.ended = key_of(e);
    span.status = e.status;
    span.reported_duration_us = e.duration_us;
    span.error_message = e.error_message;
    span.used = e.used;
    describe(span.at_end);
  }
}

span_description description_of(const span_state& span) {
  const auto pick = [&](std::string span_description::*field) {
    return (span.at_end.*field).empty() ? span.at_begin.*field : span.at_end.*field;
  };
  return {pick(&span_description::parent_span_id), pick(&span_description::kind), pick(&span_description::name),
          pick(&span_description::model)};
}

std::optional<int64_t> duration_of(const span_state& span) {
  return duration(span.reported_duration_us, span.started_at, span.ended);
}

timestamp minute_of(timestamp at) { return std::chrono::floor<std::chrono::minutes>(at); }

} // namespace agentmon
