#include "protocol/limits.hpp"
#include "store/paging.hpp"
#include "store/state_columns.hpp"
#include "store/state_json.hpp"

namespace agentmon::store {
namespace {

/// Cuts a list that was read with one row too many; gives the cursor of the next page.
template <class State, class Id>
std::optional<std::string> cut(std::vector<State>& states, size_t limit, Id State::*id) {
  if (states.size() <= limit) return std::nullopt;
  states.resize(limit);
  return encode_cursor({states.back().first->ts, states.back().*id});
}

void add_status(conditions& where, const std::string& status, timestamp now) {
  if (status.empty()) return;
  const auto stale_before = now - limits::stale_after;
  if (status != "active" && status != "stale") {
    where.both("status = ", status);
    return;
  }
  where.plain("status = 'active'");
  if (status == "stale") {
    where.both("last_ts < ", timestamp{stale_before});
    return;
  }
  // Sessions that nobody ended pile up, so the lively ones are found by the days on which something happened.
  where.both("last_ts >= ", timestamp{stale_before});
  where.both("session_id IN (SELECT session_id FROM session_days WHERE day >= ",
             std::chrono::floor<std::chrono::days>(stale_before), ")");
}

} // namespace

result<std::string> read_sessions(connection& db, const session_filter& filter, timestamp now) {
  conditions where;
  if (filter.from) where.both("first_ts >= ", *filter.from);
  if (filter.to) where.both("first_ts < ", *filter.to);
  where.if_any("framework = ", filter.framework).if_any("host = ", filter.host);
  add_status(where, filter.status, now);
  if (filter.cursor)
    where.plain("(first_ts, session_id) < (" + where.next(filter.cursor->ts) + ", " + where.next(filter.cursor->id)
                + ')');
  const auto limit = where.next(static_cast<int64_t>(filter.limit) + 1);
  const auto found = db.exec("SELECT " + column_list<session_state>() + " FROM sessions\n" + where.text()
                                 + "\nORDER BY first_ts DESC, session_id DESC LIMIT " + limit,
                             where.with());
  if (!found) return tl::unexpected{found.error()};
  auto sessions = read_states<session_state>(*found);
  const auto next = cut(sessions, filter.limit, &session_state::session_id);
  json_writer json;
  json.begin_object().key("sessions").begin_array();
  for (const auto& session : sessions) {
    json.begin_object();
    write_members(json, session, now);
    json.end_object();
  }
  return json.end_array().member("next_cursor", next).end_object().text();
}

result<std::string> read_session(connection& db, const std::string& session_id, const runs_page& page, timestamp now) {
  const auto found = db.exec("SELECT " + column_list<session_state>() + " FROM sessions WHERE session_id = $1",
                             parameters{session_id});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return fail(fault::not_found, "there is no session " + session_id.substr(0, 200));
  conditions where;
  where.both("session_id = ", session_id);
  if (page.cursor)
    where.plain("(first_ts, run_id) < (" + where.next(page.cursor->ts) + ", " + where.next(page.cursor->id) + ')');
  const auto limit = where.next(static_cast<int64_t>(page.limit) + 1);
  const auto found_runs = db.exec("SELECT " + column_list<run_state>() + " FROM runs\n" + where.text()
                                      + "\nORDER BY first_ts DESC, run_id DESC LIMIT " + limit,
                                  where.with());
  if (!found_runs) return tl::unexpected{found_runs.error()};
  auto runs = read_states<run_state>(*found_runs);
  const auto next = cut(runs, page.limit, &run_state::run_id);
  json_writer json;
  json.begin_object();
  write_members(json, read_states<session_state>(*found).front(), now);
  json.key("runs").begin_array();
  for (const auto& run : runs) {
    json.begin_object();
    write_members(json, run);
    json.end_object();
  }
  return json.end_array().member("runs_next_cursor", next).end_object().text();
}

} // namespace agentmon::store
