#include "store/figures.hpp"

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

constexpr auto in_stretch = "\nWHERE resolution = $1 AND bucket >= $2 AND bucket < $3 GROUP BY 1";

result<rows> select(connection& db, const std::string& key, const std::string& columns, const std::string& table,
                    const stretch& over) {
  return db.exec("SELECT " + key + ", " + columns + " FROM " + table + in_stretch,
                 parameters{over.resolution, over.from, over.to});
}

/// Reads what all three tables say, by the same key column.
template <class Key>
result<std::map<Key, figures>> read_by(connection& db, const std::string& key, const stretch& over) {
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

result<void> add_durations(connection& db, const stretch& over, std::map<std::string, figures>& to) {
  const auto found = db.exec("SELECT framework, slot, sum(runs)::bigint FROM run_durations"
                             "\nWHERE resolution = $1 AND bucket >= $2 AND bucket < $3 GROUP BY framework, slot",
                             parameters{over.resolution, over.from, over.to});
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

result<std::map<std::string, figures>> read_figures_by_framework(connection& db, const stretch& over) {
  auto by_framework = read_by<std::string>(db, "framework", over);
  if (!by_framework) return by_framework;
  if (auto added = add_durations(db, over, *by_framework); !added) return tl::unexpected{added.error()};
  return by_framework;
}

result<std::map<timestamp, figures>> read_figures_by_bucket(connection& db, const stretch& over) {
  return read_by<timestamp>(db, "bucket", over);
}

} // namespace agentmon::store
