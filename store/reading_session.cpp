#include "store/paging.hpp"
#include "store/state_columns.hpp"
#include "store/state_json.hpp"

namespace agentmon::store {

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
  std::optional<std::string> next;
  if (runs.size() > page.limit) {
    runs.resize(page.limit);
    next = encode_cursor({runs.back().first->ts, runs.back().run_id});
  }
  json_writer json;
  json.begin_object();
  write_members(json, read_states<session_state>(*found).front(), now);
  json.key("runs").begin_array();
  for (const auto& run : runs) {
    json.begin_object();
    write_members(json, run, now);
    json.end_object();
  }
  return json.end_array().member("runs_next_cursor", next).end_object().text();
}

} // namespace agentmon::store
