#pragma once
#include "protocol/histogram.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/usage.hpp"
#include "store/connection.hpp"
#include "store/reading.hpp"
#include "store/rollups.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace agentmon::store {

/// What the rollups say about some stretch of time.
struct figures {
  int64_t sessions = 0; ///< with an event in it
  agent_sums sums;
  duration_histogram run_durations;
  figures& operator+=(const figures&);
};

/// The sums of usage, each absent when no run told it.
usage used_in(const agent_sums&);

/// From (inclusive) to (exclusive), in buckets of one resolution.
struct stretch {
  int32_t resolution;
  timestamp from;
  timestamp to;
};

/// The whole steps in which a time lies, and the members "window", "from", "to" and "kept_from" of an answer about
/// them. Ask for `kept_from` after the figures: what was dropped meanwhile is unknown then, not 0.
stretch steps_of(const asked_time&, std::chrono::seconds step);
stretch minutes_of(const asked_time&);
void write_time(json_writer&, const asked_time&, const stretch& covered, std::optional<timestamp> kept_from);

/// The same time in as few buckets as there are: coarse ones, and finer ones at its ends.
std::vector<stretch> cover(const stretch&);

/// How many sessions went on in the buckets of a stretch: their first event is not behind it, their latest event not
/// before it. Rows of `columns` (of agent_counts, by which it groups) and that number.
result<rows> count_sessions(connection&, const std::string& columns, const stretch&);

/// SELECT columns of a rollup table, of the buckets in all the stretches, of one framework or (empty) of all; `tail` is
/// its GROUP BY.
result<rows> select_stretches(connection&, const std::string& columns, const std::string& table,
                              const std::vector<stretch>&, const std::string& tail, const std::string& framework = {});

/// By framework. Sessions are counted by read_session_counts().
result<std::map<std::string, figures>> read_figures_by_framework(connection&, const stretch&);

/// By bucket, of one framework or (empty) of all; buckets in which nothing happened are left out. Without sessions and
/// durations.
result<std::map<timestamp, figures>> read_figures_by_bucket(connection&, const stretch&, const std::string& framework);

/// "events, errors, ..., input_tokens, input_tokens_known, ...": the columns of an agent_sums, each between `before`
/// and `after`.
std::string agent_sum_columns(const std::string& before = {}, const std::string& after = {});

/// Reads agent_sum_columns().
agent_sums read_agent_sums(row_reader&);

} // namespace agentmon::store
