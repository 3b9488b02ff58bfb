#pragma once
#include "protocol/failure.hpp"
#include "protocol/time.hpp"
#include "store/connection.hpp"

#include <map>
#include <optional>
#include <string>

/// What the query port answers, one function an endpoint, each giving the JSON text of its answer (design: HTTP API).
/// All take a connection of their own thread, opened with limits::query_timeout, and fail with
///   not_found    no such session, run or machine,
///   timeout      the question took longer than limits::query_timeout,
///   unavailable  the database is away (connect again),
/// and a sentence for the user.
namespace agentmon::store {

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
  std::string q; ///< words to find; the last may be a beginning
  std::optional<page_cursor> cursor;
  size_t limit = 0; ///< 1 to limits::page_rows
};

struct session_filter {
  std::optional<timestamp> from; ///< sessions whose first event is not before
  std::optional<timestamp> to;   ///< ... and before
  std::string framework;
  std::string host;
  std::string status; ///< active, stale, success, error, aborted, ended; empty: any
  std::optional<page_cursor> cursor;
  size_t limit = 0;
};

/// How far back a statistic looks, and in which steps (a rollup's resolution).
struct time_window {
  std::string name; ///< 1h, 6h, 24h, 7d
  std::chrono::seconds length;
  std::chrono::seconds step;
};

// Each fails with fault::invalid and a sentence that names the parameter, its value and what is allowed; an unknown
// parameter is a fault, too. Pure.
result<event_filter> parse_event_filter(const query_parameters&);
result<session_filter> parse_session_filter(const query_parameters&);
result<time_window> parse_window(const query_parameters&); ///< window=, 1h when absent
result<void> parse_nothing(const query_parameters&);       ///< for endpoints that take no parameter

/// Of /v1/sessions/{id}: from where its runs go on (cursor=, limit=).
struct runs_page {
  std::optional<page_cursor> cursor;
  size_t limit = 0;
};
result<runs_page> parse_runs_page(const query_parameters&);

/// Of /v1/runs/{id}: which session's, when several sessions have a run of this id (session_id=).
result<std::string> parse_run_session(const query_parameters&);

result<std::string> read_events(connection&, const event_filter&);
result<std::string> read_sessions(connection&, const session_filter&, timestamp now);
result<std::string> read_session(connection&, const std::string& session_id, const runs_page&, timestamp now);

/// `session_id` may be empty: then the newest run of this id.
result<std::string> read_run(connection&, const std::string& run_id, const std::string& session_id);

result<std::string> read_summary(connection&, timestamp now);
result<std::string> read_timeseries(connection&, const time_window&, timestamp now);
result<std::string> read_tools(connection&, const time_window&, timestamp now);
result<std::string> read_vms(connection&);
result<std::string> read_vm_samples(connection&, const std::string& name, const time_window&, timestamp now);

} // namespace agentmon::store
