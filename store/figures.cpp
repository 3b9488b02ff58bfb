#include "store/figures.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

/// What agent_counts says, by a key column.
template <class Key>
result<std::map<Key, figures>> read_by(connection& db, const std::string& key, const std::vector<stretch>& over,
                                       const std::string& framework = {}) {
  static const auto sums = agent_sum_columns("sum(", ")::bigint");
  const auto found = select_stretches(db, key + ", " + sums, "agent_counts", over, "GROUP BY 1", framework);
  if (!found) return tl::unexpected{found.error()};
  std::map<Key, figures> by_key;
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    const auto at = reader.next<Key>();
    by_key[at].sums = read_agent_sums(reader);
  }
  return by_key;
}

result<void> add_durations(connection& db, const std::vector<stretch>& over, std::map<std::string, figures>& to) {
  const auto found =
      select_stretches(db, "framework, slot, sum(runs)::bigint", "run_durations", over, "GROUP BY framework, slot");
  if (!found) return tl::unexpected{found.error()};
  for (int row = 0; row < found->size(); ++row) {
    const auto slot = static_cast<size_t>(found->get<int32_t>(row, 1));
    if (slot < duration_histogram::buckets)
      to[found->get<std::string>(row, 0)].run_durations.counts[slot] = found->get<int64_t>(row, 2);
  }
  return {};
}

} // namespace

figures& figures::operator+=(const figures& other) {
  sessions += other.sessions;
  sums += other.sums;
  for (size_t i = 0; i < run_durations.counts.size(); ++i) run_durations.counts[i] += other.run_durations.counts[i];
  return *this;
}

usage used_in(const agent_sums& sums) {
  usage used;
  size_t i = 0;
  for_each_usage_field([&](auto field, const char*) {
    if (sums.known[i] > 0) used.*field = sums.used[i];
    ++i;
  });
  return used;
}

std::string agent_sum_columns(const std::string& before, const std::string& after) {
  std::string columns;
  const auto add = [&](const std::string& name) {
    columns.append(columns.empty() ? "" : ", ").append(before).append(name).append(after);
  };
  for (const auto& [name, counter] : agent_counters) add(name);
  for_each_usage_field([&](auto, const char* name) {
    add(name);
    add(std::string{name} + "_known");
  });
  return columns;
}

agent_sums read_agent_sums(row_reader& row) {
  agent_sums sums;
  for (const auto& [name, counter] : agent_counters) sums.*counter = row.next<int64_t>();
  for (size_t i = 0; i < sums.used.size(); ++i) {
    sums.used[i] = row.next<int64_t>();
    sums.known[i] = row.next<int64_t>();
  }
  return sums;
}

stretch steps_of(const asked_time& time, std::chrono::seconds step) {
  const auto floor = [&](timestamp at) { return timestamp{at.time_since_epoch() / step * step}; };
  return {static_cast<int32_t>(step.count()), floor(time.from), floor(time.to + step - timestamp::duration{1})};
}

stretch minutes_of(const asked_time& time) { return steps_of(time, std::chrono::seconds{resolutions.front()}); }

void write_time(json_writer& json, const asked_time& time, const stretch& covered, std::optional<timestamp> kept_from) {
  json.text_member("window", time.window).member("from", covered.from).member("to", covered.to);
  json.member("kept_from", kept_from);
}

std::vector<stretch> cover(const stretch& over) {
  const auto coarser = std::upper_bound(resolutions.begin(), resolutions.end(), over.resolution);
  if (coarser == resolutions.end()) return {over};
  const std::chrono::seconds step{*coarser};
  const auto first = timestamp{(over.from.time_since_epoch() + step - timestamp::duration{1}) / step * step};
  const auto last = timestamp{over.to.time_since_epoch() / step * step};
  if (first >= last) return {over};
  auto parts = cover({*coarser, first, last});
  if (over.from < first) parts.push_back({over.resolution, over.from, first});
  if (last < over.to) parts.push_back({over.resolution, last, over.to});
  return parts;
}

result<rows> select_stretches(connection& db, const std::string& columns, const std::string& table,
                              const std::vector<stretch>& over, const std::string& tail, const std::string& framework) {
  column_set parts{3};
  for (const auto& part : over) parts.row(part.resolution, part.from, part.to);
  auto with = parts.as_parameters();
  std::string wanted;
  if (!framework.empty()) {
    with.add(framework);
    wanted = "AND framework = $4 ";
  }
  return db.exec("SELECT " + columns + "\nFROM unnest($1, $2, $3) AS part (step, begins, ends)\nJOIN " + table
                     + " ON resolution = step AND bucket >= begins AND bucket < ends " + wanted + tail,
                 with);
}

result<rows> count_sessions(connection& db, const std::string& columns, const stretch& over) {
  const timestamp end_of_time{std::chrono::sys_days{std::chrono::year{9999} / 1 / 1}};
  column_set parts{4};
  const auto add = [&](timestamp from, bool before) {
    for (const auto& part : cover({over.resolution, from, end_of_time}))
      parts.row(part.resolution, part.from, part.to, int32_t{before});
  };
  add(over.from, true);
  add(over.to, false);
  return db.exec("SELECT " + columns
                     + ", sum(CASE counted WHEN 1 THEN sessions_latest ELSE -sessions_begun END)::bigint"
                     + "\nFROM unnest($1, $2, $3, $4) AS part (step, begins, ends, counted)\nJOIN agent_counts ON"
                       " resolution = step AND bucket >= begins AND bucket < ends\nGROUP BY "
                     + columns,
                 parts.as_parameters());
}

result<std::map<std::string, figures>> read_figures_by_framework(connection& db, const stretch& over) {
  const auto parts = cover(over);
  auto by_framework = read_by<std::string>(db, "framework", parts);
  if (!by_framework) return by_framework;
  if (auto added = add_durations(db, parts, *by_framework); !added) return tl::unexpected{added.error()};
  return by_framework;
}

result<std::map<timestamp, figures>> read_figures_by_bucket(connection& db, const stretch& over,
                                                            const std::string& framework) {
  return read_by<timestamp>(db, "bucket", {over}, framework);
}

} // namespace agentmon::store
