#pragma once
#include "protocol/event.hpp"

#include <string>

/// Session, run and span arithmetic as pure functions that commute: whatever the order of the events, and whichever of
/// them are missing, the state is the same, once duplicates (by event id) are removed. Everything that the pages show
/// is a sum over these states, so that `agentmon doctor --verify` can compute it a second time from the events alone.
namespace agentmon {

/// Orders events for "the latest wins" and "the earliest wins": by time, then by id, so that no tie depends on arrival.
struct event_key {
  timestamp ts;
  uuid id;
  auto operator<=>(const event_key&) const = default;
};

/// What one event adds to the plain counters.
struct tally {
  int64_t events = 0;
  int64_t spans = 0;      ///< span.end events
  int64_t tool_calls = 0; ///< span.end events of kind tool
  int64_t errors = 0;     ///< error events, and span.end events with status error
  tally& operator+=(const tally&);
  bool operator==(const tally&) const = default;
};
tally tally_of(const event&);

struct run_state {
  std::string session_id;
  std::string run_id;
  std::optional<event_key> first; ///< its earliest event: where and when the run is counted
  std::string framework;          ///< of the earliest event, likewise client_id and host
  std::string client_id;
  std::string host;
  timestamp last_ts{};                 ///< of its latest event
  std::optional<timestamp> started_at; ///< earliest run.start; absent when none came
  std::optional<event_key> ended;      ///< latest run.end; absent when none came
  outcome status = outcome::none;      ///< that run.end's
  std::optional<int64_t> reported_duration_us;
  tally counts;
  usage spans_used;  ///< sum over its span.end events
  usage end_used;    ///< the largest figures that a run.end reports
  std::string model; ///< of the latest event that names one
  std::optional<event_key> model_from;
  std::string title; ///< of the earliest run.start (or run.end) whose input has text
  std::optional<event_key> title_from;
  std::optional<timestamp> waiting_ts; ///< latest run.waiting or session.waiting
};

/// Adds one event that belongs to the run.
void fold(run_state&, const event&);

/// Adds what other events of the same run (none of them the same event) amount to.
void merge(run_state&, const run_state&);

/// Tokens and cost of the run: what its end reports, and field by field what its spans sum up to where it does not.
usage used_by(const run_state&);

/// As reported, else from start to end; absent while either is missing. Never negative.
std::optional<int64_t> duration_of(const run_state&);

/// "active" until it ended, then "success", "error", "aborted", or "ended" when its end does not say how.
std::string_view status_word(bool has_ended, outcome);

/// It goes on, and its latest event says that it waits for somebody.
bool is_waiting(const run_state&);

/// A run's word for itself: status_word(), or "waiting".
std::string_view status_of(const run_state&);

struct session_state {
  std::string session_id;
  std::optional<event_key> first; ///< its earliest event
  std::string framework;          ///< of the earliest event, likewise client_id and host
  std::string client_id;
  std::string host;
  timestamp last_ts{};
  std::optional<timestamp> started_at;   ///< earliest session.start
  std::optional<timestamp> restarted_at; ///< latest session.start: after the end, it makes the session active again
  std::optional<event_key> ended;        ///< latest session.end
  outcome status = outcome::none;        ///< that session.end's
  tally counts;
  int64_t runs = 0;            ///< distinct runs
  int64_t failed_runs = 0;     ///< runs that ended with status error
  usage runs_used;             ///< sum over its runs
  int64_t runs_with_usage = 0; ///< how many of its runs told any token count: "n of m known"
  usage end_used;              ///< of the latest session.end
  std::string title;           ///< as run_state's, of its earliest run that has one
  std::optional<event_key> title_from;
  std::optional<timestamp> waiting_ts; ///< latest run.waiting or session.waiting
};

/// Adds one event that belongs to the session (with or without a run).
void fold(session_state&, const event&);

/// Adds what other events of the same session (none of them the same event) amount to, and their runs.
void merge(session_state&, const session_state&);

/// Adds the difference that one of its runs made: its state before (an empty one if it is new) and after.
void fold(session_state&, const run_state& before, const run_state& after);

usage used_by(const session_state&);
bool has_ended(const session_state&);
bool is_waiting(const session_state&);
std::string_view status_of(const session_state&);

/// From its start, or first event, to its end, or latest event; absent when the end is the first that is known of it.
std::optional<int64_t> duration_of(const session_state&);

/// What one run adds to the minute it began in (minute_of its first event). The rollup of a minute is the sum of these,
/// so a writer adds (contribution after) and takes away (contribution before), which may lie in another minute.
struct run_contribution {
  int64_t runs = 0;
  int64_t ended = 0;
  int64_t failed = 0;
  int64_t aborted = 0;
  int64_t usage_known = 0; ///< runs with input or output tokens
  int64_t cost_known = 0;
  usage used;
  std::optional<int64_t> duration_us;
};
run_contribution contribution_of(const run_state&);

/// What a span's events say it is; empty strings where they do not.
struct span_description {
  std::string parent_span_id;
  std::string kind;
  std::string name;
  std::string model;
};

/// What one span is, read from its events when a run is shown (spans are not stored apart from their events).
struct span_state {
  std::string span_id;
  std::optional<event_key> begun; ///< its earliest event that is no span.end
  std::optional<timestamp> started_at;
  std::optional<event_key> ended; ///< its latest span.end
  outcome status = outcome::none;
  std::optional<int64_t> reported_duration_us;
  std::string error_message;
  usage used;
  span_description at_begin;
  span_description at_end;
};
void fold(span_state&, const event&);
std::optional<int64_t> duration_of(const span_state&);

/// Field by field what its end says, else what its beginning said.
span_description description_of(const span_state&);

/// The UTC minute that a time lies in.
timestamp minute_of(timestamp);

} // namespace agentmon
