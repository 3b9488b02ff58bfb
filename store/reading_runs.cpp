#include "store/shown_status.hpp"
#include "store/state_columns.hpp"
#include "store/state_json.hpp"

namespace agentmon::store {
namespace {

constexpr auto newest_first = "\nORDER BY first_ts DESC, run_id DESC, session_id DESC LIMIT ";

const std::string& select_runs() {
  static const auto select = "SELECT " + column_list<run_state>() + " FROM runs\n";
  return select;
}

std::string cursor_of(const run_state& last) {
  return encode_cursor({last.first->ts, last.run_id + '\n' + last.session_id});
}

void add_position(conditions& where, const std::optional<page_cursor>& after) {
  if (!after) return;
  const auto end = after->id.find('\n');
  where.plain("(first_ts, run_id, session_id) < (" + where.next(after->ts) + ", " + where.next(after->id.substr(0, end))
              + ", " + where.next(after->id.substr(end + 1)) + ')');
}

bool asks_for_agents(const run_filter& filter) {
  return !filter.framework.empty() || !filter.host.empty() || !filter.client_id.empty();
}

/// The stored statuses of those that are asked for; without a filter all.
std::vector<stored_status> statuses_of(const run_filter& filter, timestamp now) {
  std::vector<stored_status> statuses;
  for (const auto& shown : filter.statuses)
    for (auto& status : stored_as(shown, now)) statuses.push_back(std::move(status));
  if (filter.statuses.empty())
    for (const auto word : run_statuses)
      if (word != "stale") statuses.push_back({std::string{word}, {}, {}});
  return statuses;
}

/// Each status along its own part of the index runs_status.
std::string by_status(conditions& where, const std::vector<stored_status>& statuses, const std::string& limit) {
  std::string query;
  for (const auto& status : statuses) {
    add_status(where.open_branch(), status);
    query +=
        (query.empty() ? "(" : "\nUNION ALL (") + select_runs() + where.close_branch() + newest_first + limit + ')';
  }
  return "SELECT * FROM (" + query + ") AS listed";
}

/// The runs of those agents that the rollups know, each along its own part of the index runs_agent.
std::string by_agent(conditions& where, const run_filter& filter, const std::string& limit) {
  conditions& agents = where.open_branch();
  agents.plain("framework = agent.framework AND client_id = agent.client_id AND host = agent.host");
  const auto of_agent = select_runs() + agents.close_branch() + newest_first + limit;
  std::string known = "resolution = 86400 AND runs > 0";
  const auto also = [&](const char* column, const std::string& value) {
    if (!value.empty()) known += std::string{" AND "} + column + " = " + where.next(value);
  };
  also("framework", filter.framework);
  also("host", filter.host);
  also("client_id", filter.client_id);
  if (filter.from) known += " AND bucket > " + where.next(timestamp{*filter.from - std::chrono::days{1}});
  if (filter.to) known += " AND bucket < " + where.next(*filter.to);
  return "SELECT run.* FROM (SELECT DISTINCT framework, client_id, host FROM agent_counts WHERE " + known
         + ") AS agent CROSS JOIN LATERAL (" + of_agent + ") AS run";
}

/// The runs of a session along the index runs_session.
std::string of_session(conditions& where, const run_filter& filter) {
  where.both("session_id = ", filter.session_id).if_any("framework = ", filter.framework);
  where.if_any("host = ", filter.host).if_any("client_id = ", filter.client_id);
  return select_runs() + where.text();
}

} // namespace

result<std::string> read_runs(connection& db, const run_filter& filter, timestamp now) {
  conditions where;
  if (filter.from) where.both("first_ts >= ", *filter.from);
  if (filter.to) where.both("first_ts < ", *filter.to);
  add_position(where, filter.cursor);
  const bool along_status = filter.session_id.empty() && !asks_for_agents(filter);
  const auto statuses = statuses_of(filter, now);
  if (!along_status && !filter.statuses.empty()) {
    std::string any;
    for (const auto& [word, since, before] : statuses) {
      any += (any.empty() ? "(" : " OR ") + std::string{"status = "} + where.next(word);
      if (since) any += " AND last_ts >= " + where.next(*since);
      if (before) any += " AND last_ts < " + where.next(*before);
    }
    where.plain(any + ')');
  }
  const auto limit = where.next(static_cast<int64_t>(filter.limit) + 1);
  const auto query = along_status                 ? by_status(where, statuses, limit)
                     : !filter.session_id.empty() ? of_session(where, filter)
                                                  : by_agent(where, filter, limit);
  const auto found = db.exec(query + newest_first + limit, where.with());
  if (!found) return tl::unexpected{found.error()};
  auto runs = read_states<run_state>(*found);
  std::optional<std::string> next;
  if (runs.size() > filter.limit) {
    runs.resize(filter.limit);
    next = cursor_of(runs.back());
  }
  json_writer json;
  json.begin_object().key("runs").begin_array();
  for (const auto& run : runs) {
    json.begin_object();
    write_members(json, run, now);
    json.end_object();
  }
  return json.end_array().member("next_cursor", next).end_object().text();
}

} // namespace agentmon::store
