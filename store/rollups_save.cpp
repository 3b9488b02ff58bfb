#include "store/rollups.hpp"

namespace agentmon::store {
namespace {

constexpr auto add_events = R"(
INSERT INTO event_counts AS present (resolution, bucket, framework, host, type, events, errors)
SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
ON CONFLICT (resolution, bucket, framework, host, type) DO UPDATE
SET events = present.events + EXCLUDED.events, errors = present.errors + EXCLUDED.errors)";

constexpr auto add_durations = R"(
INSERT INTO run_durations AS present (resolution, bucket, framework, slot, runs)
SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::text[], $4::integer[], $5::bigint[])
ON CONFLICT (resolution, bucket, framework, slot) DO UPDATE SET runs = present.runs + EXCLUDED.runs)";

constexpr auto add_calls = R"(
INSERT INTO tool_counts AS present (resolution, bucket, framework, name, slot, calls, errors)
SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::text[], $4::text[], $5::integer[], $6::bigint[],
                     $7::bigint[])
ON CONFLICT (resolution, bucket, framework, name, slot) DO UPDATE
SET calls = present.calls + EXCLUDED.calls, errors = present.errors + EXCLUDED.errors)";

constexpr auto add_days = R"(
INSERT INTO session_days (day, session_id) SELECT * FROM unnest($1::date[], $2::text[])
ON CONFLICT (day, session_id) DO NOTHING)";

std::string make_add_agents() {
  std::vector<std::string> names;
  for (const auto& [name, counter] : agent_counters) names.emplace_back(name);
  for_each_usage_field([&](auto, const char* name) {
    names.emplace_back(name);
    names.push_back(std::string{name} + "_known");
  });
  std::string columns, arrays, sums;
  size_t number = 6;
  for (const auto& name : names) {
    columns += ", " + name;
    arrays += ", $" + std::to_string(number++) + "::bigint[]";
    sums += (sums.empty() ? "" : ", ") + name + " = present." + name + " + EXCLUDED." + name;
  }
  const auto first = std::to_string(number), last = std::to_string(number + 1);
  columns += ", first_ts, last_ts";
  arrays += ", $" + first + "::timestamptz[], $" + last + "::timestamptz[]";
  sums += ", first_ts = LEAST(present.first_ts, EXCLUDED.first_ts)"
          ", last_ts = GREATEST(present.last_ts, EXCLUDED.last_ts)"; // which leave NULL out
  return "INSERT INTO agent_counts AS present (resolution, bucket, framework, client_id, host" + columns
         + ")\nSELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::text[], $4::text[], $5::text[]" + arrays
         + ")\nON CONFLICT (resolution, bucket, framework, client_id, host) DO UPDATE SET " + sums;
}

const std::string& add_agents() {
  static const auto statement = make_add_agents();
  return statement;
}

void add(const connection::statement_queue& run, const std::string& statement, const column_set& columns) {
  if (!columns.empty()) run(statement, columns.as_parameters());
}

/// Calls row(resolution, key, sums) for everything that changes something, at every resolution.
template <class Map, class Row>
void for_each_bucket(const Map& minutes, Row&& row) {
  for (const auto resolution : resolutions)
    for (const auto& [key, sums] : at_resolution(minutes, resolution))
      if (!(sums == typename Map::mapped_type{})) row(resolution, key, sums);
}

column_set event_columns(const rollups& from) {
  column_set columns{7};
  for_each_bucket(from.events, [&](int32_t resolution, const auto& key, const event_sums& sums) {
    const auto& [bucket, framework, host, type] = key;
    columns.row(resolution, bucket, framework, host, type, sums.events, sums.errors);
  });
  return columns;
}

column_set agent_columns(const rollups& from) {
  column_set columns{7 + agent_counters.size() + 2 * agent_sums{}.used.size()};
  for_each_bucket(from.agents, [&](int32_t resolution, const auto& key, const agent_sums& sums) {
    const auto& [bucket, framework, client_id, host] = key;
    columns.row(resolution, bucket, framework, client_id, host);
    size_t at = 5;
    for (const auto& [name, counter] : agent_counters) columns[at++].push(sums.*counter);
    for (size_t i = 0; i < sums.used.size(); ++i) {
      columns[at++].push(sums.used[i]);
      columns[at++].push(sums.known[i]);
    }
    columns[at++].push(sums.first_ts);
    columns[at].push(sums.last_ts);
  });
  return columns;
}

column_set duration_columns(const rollups& from) {
  column_set columns{5};
  for_each_bucket(from.durations, [&](int32_t resolution, const auto& key, const duration_sums& sums) {
    const auto& [bucket, framework, slot] = key;
    columns.row(resolution, bucket, framework, slot, sums.runs);
  });
  return columns;
}

column_set call_columns(const rollups& from) {
  column_set columns{7};
  for_each_bucket(from.calls, [&](int32_t resolution, const auto& key, const call_sums& sums) {
    const auto& [bucket, framework, name, slot] = key;
    columns.row(resolution, bucket, framework, name, slot, sums.calls, sums.errors);
  });
  return columns;
}

column_set day_columns(const rollups& from) {
  column_set columns{2};
  for (const auto& [day, session_id] : from.days) columns.row(day, session_id);
  return columns;
}

} // namespace

void save(const connection::statement_queue& run, const rollups& from) {
  add(run, add_events, event_columns(from));
  add(run, add_agents(), agent_columns(from));
  add(run, add_durations, duration_columns(from));
  add(run, add_calls, call_columns(from));
  add(run, add_days, day_columns(from));
}

} // namespace agentmon::store
