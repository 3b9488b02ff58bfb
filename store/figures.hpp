#pragma once
#include "protocol/histogram.hpp"
#include "protocol/usage.hpp"
#include "store/connection.hpp"
#include "store/rollups.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace agentmon::store {

/// What the rollups say about some stretch of time.
struct figures {
  int64_t sessions = 0; ///< with an event in it
  event_sums events;
  run_sums runs;
  int64_t tool_calls = 0;
  duration_histogram run_durations;
  figures& operator+=(const figures&);
};

/// The sums of usage, each absent when no run told it.
usage used_in(const run_sums&);

/// From (inclusive) to (exclusive), in buckets of one resolution.
struct stretch {
  int32_t resolution;
  timestamp from;
  timestamp to;
};

/// The same time in as few buckets as there are: coarse ones, and finer ones at its ends.
std::vector<stretch> cover(const stretch&);

/// SELECT columns of a rollup table, of the buckets in all the stretches; `tail` is its GROUP BY.
result<rows> select_stretches(connection&, const std::string& columns, const std::string& table,
                              const std::vector<stretch>&, const std::string& tail);

/// By framework. Sessions are counted by read_session_counts().
result<std::map<std::string, figures>> read_figures_by_framework(connection&, const stretch&);

/// By bucket; buckets in which nothing happened are left out. Without sessions and durations.
result<std::map<timestamp, figures>> read_figures_by_bucket(connection&, const stretch&);

/// ", input_tokens, input_tokens_known, ...": run_counts' columns of usage.
std::string usage_sum_columns();

/// Reads runs, ended, failed, aborted, usage_known and usage_sum_columns().
run_sums read_run_sums(row_reader&);

} // namespace agentmon::store
