#include "store/figures.hpp"
#include "store/verify_tables.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

std::string shown(const std::string& text) { return text.empty() ? "''" : text; }
std::string shown(int32_t number) { return std::to_string(number); }
std::string shown(timestamp at) { return format_time(at); }
std::string shown(binary::day day) { return format_time(day).substr(0, 10); }

template <class Key>
std::string shown_key(const Key& key) {
  std::string words;
  std::apply([&](const auto&... parts) { ((words += (words.empty() ? "" : ", ") + shown(parts)), ...); }, key);
  return words;
}

std::string shown_sums(const event_sums& s) {
  return std::to_string(s.events) + " events, " + std::to_string(s.errors) + " errors";
}
std::string shown_sums(const call_sums& s) {
  return std::to_string(s.calls) + " calls, " + std::to_string(s.errors) + " errors";
}
std::string shown_sums(const duration_sums& s) { return std::to_string(s.runs) + " runs"; }
std::string shown_sums(const agent_sums& s) {
  std::string words;
  for (const auto& [name, counter] : agent_counters)
    words += (words.empty() ? "" : ", ") + std::to_string(s.*counter) + ' ' + name;
  size_t i = 0;
  for_each_usage_field([&](auto, const char* name) {
    words += std::string{", "} + name + ' ' + std::to_string(s.used[i]) + " of " + std::to_string(s.known[i]);
    ++i;
  });
  const auto time = [](const std::optional<timestamp>& at) { return at ? format_time(*at) : "never"; };
  return words + ", from " + time(s.first_ts) + " to " + time(s.last_ts);
}

event_sums read_sums(row_reader& row, const event_sums*) {
  const auto events = row.next<int64_t>();
  return {events, row.next<int64_t>()};
}
call_sums read_sums(row_reader& row, const call_sums*) {
  const auto calls = row.next<int64_t>();
  return {calls, row.next<int64_t>()};
}
duration_sums read_sums(row_reader& row, const duration_sums*) { return {row.next<int64_t>()}; }
agent_sums read_sums(row_reader& row, const agent_sums*) {
  auto sums = read_agent_sums(row);
  sums.first_ts = row.next<std::optional<timestamp>>();
  sums.last_ts = row.next<std::optional<timestamp>>();
  return sums;
}

template <class... Parts>
std::tuple<Parts...> read_key(row_reader& row, const std::tuple<Parts...>*) {
  return {row.next<Parts>()...}; // braces: left to right
}

/// Compares two maps; a row that adds up to nothing is as good as none.
template <class Map>
void compare(const std::string& table, const std::string& where, const Map& stored, const Map& right,
             verify_report& report) {
  using sums = typename Map::mapped_type;
  const auto at = [](const Map& map, const auto& key) {
    const auto found = map.find(key);
    return found == map.end() ? sums{} : found->second;
  };
  const auto differ = [&](const auto& key, const sums& is, const sums& must_be) {
    note(report, table, where + shown_key(key) + ": " + shown_sums(is) + " but must be " + shown_sums(must_be));
  };
  for (const auto& [key, is] : stored)
    if (const auto must_be = at(right, key); !(is == must_be)) differ(key, is, must_be);
  for (const auto& [key, must_be] : right)
    if (stored.count(key) == 0 && !(must_be == sums{})) differ(key, sums{}, must_be);
  report.rollup_rows += std::max(stored.size(), right.size());
}

template <class Map>
result<Map> read_map(connection& db, const std::string& query, const parameters& with) {
  const auto found = db.exec(query, with);
  if (!found) return tl::unexpected{found.error()};
  Map map;
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    auto key = read_key(reader, static_cast<const typename Map::key_type*>(nullptr));
    map.emplace(std::move(key), read_sums(reader, static_cast<const typename Map::mapped_type*>(nullptr)));
  }
  return map;
}

template <class Map>
result<void> compare_rollup(connection& db, const std::string& table, const std::string& columns, const Map& right,
                            verify_report& report) {
  for (const auto resolution : resolutions) {
    const auto stored =
        read_map<Map>(db, "SELECT " + columns + " FROM " + table + " WHERE resolution = $1", parameters{resolution});
    if (!stored) return tl::unexpected{stored.error()};
    compare(table, std::to_string(resolution) + " s from ", *stored, at_resolution(right, resolution), report);
  }
  return {};
}

result<void> compare_days(connection& db, const rollups::day_set& right, verify_report& report) {
  const auto found = db.exec("SELECT day, session_id FROM session_days", parameters{});
  if (!found) return tl::unexpected{found.error()};
  rollups::day_set stored;
  for (int row = 0; row < found->size(); ++row)
    stored.emplace(found->get<binary::day>(row, 0), found->get<std::string>(row, 1));
  for (const auto& key : stored)
    if (right.count(key) == 0) note(report, "session_days", shown_key(key) + " has no event");
  for (const auto& key : right)
    if (stored.count(key) == 0) note(report, "session_days", shown_key(key) + " is missing");
  report.rollup_rows += std::max(stored.size(), right.size());
  return {};
}

} // namespace

result<void> compare_rollups(connection& db, const ledger& right, verify_report& report) {
  const auto& sums = right.sums;
  auto done = compare_rollup(db, "event_counts", "bucket, framework, host, type, events, errors", sums.events, report);
  if (done)
    done = compare_rollup(db, "agent_counts",
                          "bucket, framework, client_id, host, " + agent_sum_columns() + ", first_ts, last_ts",
                          sums.agents, report);
  if (done) done = compare_rollup(db, "run_durations", "bucket, framework, slot, runs", sums.durations, report);
  if (done)
    done = compare_rollup(db, "tool_counts", "bucket, framework, name, slot, calls, errors", sums.calls, report);
  if (!done) return done;
  return compare_days(db, sums.days, report);
}

} // namespace agentmon::store
