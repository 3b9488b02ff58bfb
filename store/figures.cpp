#include "store/figures.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

std::string run_sum_columns() {
  std::string columns = "sum(runs)::bigint, sum(ended)::bigint, sum(failed)::bigint, sum(aborted)::bigint,"
                        " sum(usage_known)::bigint";
  for_each_usage_field([&](auto, const char* name) {
    columns += std::string{", sum("} + name + ")::bigint, sum(" + name + "_known)::bigint";
  });
  return columns;
}

result<rows> select(connection& db, const std::string& key, const std::string& columns, const std::string& table,
                    const std::vector<stretch>& over) {
  return select_stretches(db, key + ", " + columns, table, over, "GROUP BY 1");
}

/// Reads what all three tables say, by the same key column.
template <class Key>
result<std::map<Key, figures>> read_by(connection& db, const std::string& key, const std::vector<stretch>& over) {
  std::map<Key, figures> by_key;
  const auto for_rows = [&](const result<rows>& from, auto&& add) -> result<void> {
    if (!from) return tl::unexpected{from.error()};
    for (int row = 0; row < from->size(); ++row) {
      row_reader reader{*from, row};
      auto& into = by_key[reader.next<Key>()];
      add(into, reader);
    }
    return {};
  };
  auto done = for_rows(select(db, key, "sum(events)::bigint, sum(errors)::bigint", "event_counts", over),
                       [](figures& into, row_reader& row) {
                         into.events.events = row.next<int64_t>();
                         into.events.errors = row.next<int64_t>();
                       });
  if (done)
    done = for_rows(select(db, key, run_sum_columns(), "run_counts", over),
                    [](figures& into, row_reader& row) { into.runs = read_run_sums(row); });
  if (done)
    done = for_rows(select(db, key, "sum(calls)::bigint", "tool_counts", over),
                    [](figures& into, row_reader& row) { into.tool_calls = row.next<int64_t>(); });
  if (!done) return tl::unexpected{done.error()};
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
  events += other.events;
  runs += other.runs;
  tool_calls += other.tool_calls;
  for (size_t i = 0; i < run_durations.counts.size(); ++i) run_durations.counts[i] += other.run_durations.counts[i];
  return *this;
}

usage used_in(const run_sums& sums) {
  usage used;
  size_t i = 0;
  for_each_usage_field([&](auto field, const char*) {
    if (sums.known[i] > 0) used.*field = sums.used[i];
    ++i;
  });
  return used;
}

std::string usage_sum_columns() {
  std::string columns;
  for_each_usage_field([&](auto, const char* name) { columns += std::string{", "} + name + ", " + name + "_known"; });
  return columns;
}

run_sums read_run_sums(row_reader& row) {
  run_sums sums;
  for (auto* const sum : {&sums.runs, &sums.ended, &sums.failed, &sums.aborted, &sums.usage_known})
    *sum = row.next<int64_t>();
  for (size_t i = 0; i < sums.used.size(); ++i) {
    sums.used[i] = row.next<int64_t>();
    sums.known[i] = row.next<int64_t>();
  }
  return sums;
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
                              const std::vector<stretch>& over, const std::string& tail) {
  column_set parts{3};
  for (const auto& part : over) parts.row(part.resolution, part.from, part.to);
  return db.exec("SELECT " + columns + "\nFROM unnest($1, $2, $3) AS part (step, begins, ends)\nJOIN " + table
                     + " ON resolution = step AND bucket >= begins AND bucket < ends " + tail,
                 parts.as_parameters());
}

result<std::map<std::string, figures>> read_figures_by_framework(connection& db, const stretch& over) {
  const auto parts = cover(over);
  auto by_framework = read_by<std::string>(db, "framework", parts);
  if (!by_framework) return by_framework;
  if (auto added = add_durations(db, parts, *by_framework); !added) return tl::unexpected{added.error()};
  return by_framework;
}

result<std::map<timestamp, figures>> read_figures_by_bucket(connection& db, const stretch& over) {
  return read_by<timestamp>(db, "bucket", {over});
}

} // namespace agentmon::store
