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

/// Of which part, and the value of the key column.
template <class Key>
using keyed_figures = std::map<std::pair<int32_t, Key>, figures>;

/// Calls add(figures, row) for each row of a table, whose first columns are its part and its key.
template <class Key, class Add>
result<void> add_rows(keyed_figures<Key>& to, const result<rows>& from, Add&& add) {
  if (!from) return tl::unexpected{from.error()};
  for (int row = 0; row < from->size(); ++row) {
    row_reader reader{*from, row};
    const auto part = reader.next<int32_t>();
    add(to[{part, reader.next<Key>()}], reader);
  }
  return {};
}

/// Reads what three tables say, by the same key column.
template <class Key>
result<keyed_figures<Key>> read_by(connection& db, const std::string& key,
                                   const std::vector<std::vector<stretch>>& over) {
  const auto select = [&](const std::string& columns, const std::string& table) {
    return select_stretches(db, "part, " + key + ", " + columns, table, over, "GROUP BY 1, 2");
  };
  keyed_figures<Key> found;
  auto done = add_rows(found, select("sum(events)::bigint, sum(errors)::bigint", "event_counts"),
                       [](figures& into, row_reader& row) {
                         into.events.events = row.next<int64_t>();
                         into.events.errors = row.next<int64_t>();
                       });
  if (done)
    done = add_rows(found, select(run_sum_columns(), "run_counts"),
                    [](figures& into, row_reader& row) { into.runs = read_run_sums(row); });
  if (done)
    done = add_rows(found, select("sum(calls)::bigint", "tool_counts"),
                    [](figures& into, row_reader& row) { into.tool_calls = row.next<int64_t>(); });
  if (!done) return tl::unexpected{done.error()};
  return found;
}

result<void> add_durations(connection& db, const std::vector<std::vector<stretch>>& over,
                           keyed_figures<std::string>& to) {
  return add_rows(to,
                  select_stretches(db, "part, framework, slot, sum(runs)::bigint", "run_durations", over,
                                   "GROUP BY part, framework, slot"),
                  [](figures& into, row_reader& row) {
                    const auto slot = static_cast<size_t>(row.next<int32_t>());
                    if (slot < duration_histogram::buckets) into.run_durations.counts[slot] = row.next<int64_t>();
                  });
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
                              const std::vector<std::vector<stretch>>& over, const std::string& tail) {
  column_set parts{4};
  for (size_t part = 0; part < over.size(); ++part)
    for (const auto& piece : over[part]) parts.row(static_cast<int32_t>(part), piece.resolution, piece.from, piece.to);
  return db.exec("SELECT " + columns + "\nFROM unnest($1, $2, $3, $4) AS piece (part, step, begins, ends)\nJOIN "
                     + table + " ON resolution = step AND bucket >= begins AND bucket < ends " + tail,
                 parts.as_parameters());
}

result<std::vector<std::map<std::string, figures>>> read_figures_by_framework(connection& db,
                                                                              const std::vector<stretch>& over) {
  std::vector<std::vector<stretch>> pieces;
  for (const auto& part : over) pieces.push_back(cover(part));
  auto found = read_by<std::string>(db, "framework", pieces);
  if (!found) return tl::unexpected{found.error()};
  if (auto added = add_durations(db, pieces, *found); !added) return tl::unexpected{added.error()};
  std::vector<std::map<std::string, figures>> parts(over.size());
  for (const auto& [key, of] : *found) parts[static_cast<size_t>(key.first)].emplace(key.second, of);
  return parts;
}

result<std::map<timestamp, figures>> read_figures_by_bucket(connection& db, const stretch& over) {
  const auto found = read_by<timestamp>(db, "bucket", {{over}});
  if (!found) return tl::unexpected{found.error()};
  std::map<timestamp, figures> by_bucket;
  for (const auto& [key, of] : *found) by_bucket.emplace(key.second, of);
  return by_bucket;
}

} // namespace agentmon::store
