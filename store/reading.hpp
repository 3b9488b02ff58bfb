#pragma once
#include "protocol/failure.hpp"
#include "protocol/time.hpp"
#include "store/connection.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the query port answers, one function an endpoint, each giving the JSON text of its answer (design: HTTP API).
/// All take a connection of their own thread, opened with limits::query_timeout and set to reading_settings, and fail
/// with
///   not_found    no such session, run or machine,
///   timeout      the question took longer than limits::query_timeout,
///   unavailable  the database is away (connect again),
/// and a sentence for the user.
namespace agentmon::store {

/// For a connection that reads. What is asked for lies in memory as a rule, where a page costs a tenth of what the
/// planner takes for granted; so it goes along an index in order, instead of reading a day and sorting it, also while
/// it has no statistics of a day that has just begun.
constexpr auto reading_settings = "SET seq_page_cost = 0.1; SET random_page_cost = 0.11";

/// The decoded query string of a request.
using query_parameters = std::multimap<std::string, std::string>;

/// Where a page ends: its last item, newest first.
struct page_cursor {
  timestamp ts;
  std::string id;
};

struct event_filter {
  std::string event_type; ///< empty strings: any
  std::string framework;
  std::string host;
  std::string session_id;
  std::string q;                     ///< words to find; the last may be a beginning
  std::optional<timestamp> from;     ///< only events that are not before
  std::optional<page_cursor> cursor; ///< of the page before, or to=, whichever is earlier
  size_t limit = 0;                  ///< 1 to limits::page_rows
};

struct session_filter {
  std::optional<timestamp> from; ///< sessions whose first event is not before
  std::optional<timestamp> to;   ///< ... and before
  std::string framework;
  std::string host;
  std::string client_id;
  std::vector<std::string> statuses; ///< of session_statuses; none: any
  std::string q;                     ///< words to find; the last may be a beginning
  bool attention_first = false;      ///< by attention_groups(), else the newest first
  std::optional<page_cursor> cursor; ///< its id with attention_first: the group's digit before the session_id
  size_t limit = 0;
};

struct run_filter {
  std::optional<timestamp> from; ///< runs whose first event is not before
  std::optional<timestamp> to;   ///< ... and before
  std::string session_id;
  std::string framework;
  std::string host;
  std::string client_id;
  std::vector<std::string> statuses; ///< of run_statuses; none: any
  std::optional<page_cursor> cursor; ///< its id: run_id, a line feed, session_id
  size_t limit = 0;
};

/// In the order in which they call for attention; those of the last three alike.
constexpr std::array<std::string_view, 7> session_statuses{"waiting", "error",   "stale", "active",
                                                           "success", "aborted", "ended"};
constexpr std::array<std::string_view, 7> run_statuses = session_statuses;

/// The time that a statistic is about, and the steps of a chart of it (a rollup's resolution).
struct asked_time {
  std::string
      window; ///< 1h, 6h, 24h, 7d until now, from and to in whole steps; empty: from and to as they were asked for
  timestamp from;
  timestamp to; ///< not in it
  std::chrono::seconds step;
};

struct series_filter {
  asked_time time;
  std::string framework;
};

// Each fails with fault::invalid and a sentence that names the parameter, its value and what is allowed; an unknown
// parameter is a fault, too. Pure.
result<event_filter> parse_event_filter(const query_parameters&);
result<session_filter> parse_session_filter(const query_parameters&);
result<run_filter> parse_run_filter(const query_parameters&);
result<asked_time> parse_time_asked(const query_parameters&, timestamp now); ///< window= or from=, to=; else 1h
result<series_filter> parse_series_filter(const query_parameters&, timestamp now);
result<void> parse_nothing(const query_parameters&); ///< for endpoints that take no parameter

/// Of /v1/sessions/{id}: from where its runs go on (cursor=, limit=).
struct runs_page {
  std::optional<page_cursor> cursor;
  size_t limit = 0;
};
result<runs_page> parse_runs_page(const query_parameters&);

/// Of /v1/runs/{id}.
struct run_view {
  std::string session_id; ///< whose, when several sessions have a run of this id; empty: the newest
  bool outline = false;
};
result<run_view> parse_run_view(const query_parameters&);

/// Of /v1/runs/{id}/spans/{span_id}; the path's span_id comes as a parameter, too.
struct span_address {
  std::string session_id; ///< as a run_view's
  std::string span_id;
};
result<span_address> parse_span_address(const query_parameters&);

/// Of /v1/events/{id}: the event's time, if it is known (ts=).
result<std::optional<timestamp>> parse_event_time(const query_parameters&);

result<std::string> read_events(connection&, const event_filter&);
result<std::string> read_event(connection&, const std::string& event_id, const std::optional<timestamp>& ts);
result<std::string> read_sessions(connection&, const session_filter&, timestamp now);
result<std::string> read_runs(connection&, const run_filter&, timestamp now);
result<std::string> read_session(connection&, const std::string& session_id, const runs_page&, timestamp now);

result<std::string> read_run(connection&, const std::string& run_id, const run_view&, timestamp now);
result<std::string> read_span(connection&, const std::string& run_id, const span_address&);

result<std::string> read_summary(connection&, timestamp now);
result<std::string> read_agents(connection&, const asked_time&, timestamp now);
result<std::string> read_agent_steps(connection&, const asked_time&); ///< in its steps
result<std::string> read_timeseries(connection&, const series_filter&);
result<std::string> read_tools(connection&, const asked_time&);
result<std::string> read_marks(connection&, const asked_time&);
result<std::string> read_vms(connection&);
result<std::string> read_vm_samples(connection&, const std::string& name, const asked_time&);

} // namespace agentmon::store
