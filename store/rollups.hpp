#pragma once
#include "protocol/fold.hpp"
#include "store/connection.hpp"

#include <array>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace agentmon::store {

/// The steps of the rollups in seconds, finest first; each a multiple of the one before.
constexpr std::array<int32_t, 4> resolutions{60, 900, 7200, 86400};

/// A duration's slot when there is no duration.
constexpr int32_t unknown_slot = -1;

struct event_sums {
  int64_t events = 0;
  int64_t errors = 0;
  event_sums& operator+=(const event_sums&);
  bool operator==(const event_sums&) const = default;
};

/// What an agent's events, run contributions and sessions add up to; `known` counts per field of usage the runs that
/// told it.
struct agent_sums {
  int64_t events = 0;
  int64_t errors = 0;
  int64_t tool_calls = 0;
  int64_t runs = 0;
  int64_t ended = 0;
  int64_t failed = 0;
  int64_t aborted = 0;
  int64_t usage_known = 0;
  int64_t busy_us = 0;                 ///< of the runs that tell how long they took,
  int64_t busy_known = 0;              ///< which are so many
  int64_t sessions_begun = 0;          ///< whose earliest event it is
  int64_t sessions_latest = 0;         ///< whose latest event it is
  std::optional<timestamp> first_ts{}; ///< of the events that belong to a session
  std::optional<timestamp> last_ts{};
  std::array<int64_t, 6> used{};
  std::array<int64_t, 6> known{};
  agent_sums& operator+=(const agent_sums&);
  bool operator==(const agent_sums&) const = default;
};

/// The plain sums by their columns, in table order; those of usage come behind.
constexpr std::array<std::pair<const char*, int64_t agent_sums::*>, 12> agent_counters{
    {{"events", &agent_sums::events},
     {"errors", &agent_sums::errors},
     {"tool_calls", &agent_sums::tool_calls},
     {"runs", &agent_sums::runs},
     {"ended", &agent_sums::ended},
     {"failed", &agent_sums::failed},
     {"aborted", &agent_sums::aborted},
     {"usage_known", &agent_sums::usage_known},
     {"busy_us", &agent_sums::busy_us},
     {"busy_known", &agent_sums::busy_known},
     {"sessions_begun", &agent_sums::sessions_begun},
     {"sessions_latest", &agent_sums::sessions_latest}}};

struct call_sums {
  int64_t calls = 0;
  int64_t errors = 0;
  call_sums& operator+=(const call_sums&);
  bool operator==(const call_sums&) const = default;
};

struct duration_sums {
  int64_t runs = 0;
  duration_sums& operator+=(const duration_sums&);
  bool operator==(const duration_sums&) const = default;
};

/// From when to when a session went on, and whose it is.
struct session_extent {
  std::string framework;
  std::string client_id;
  std::string host;
  timestamp first;
  timestamp last;
};

/// Nothing of a session without events.
std::optional<session_extent> extent_of(const session_state&);

/// Hashes a tuple's fields, strings and views alike, so that lookups make no strings.
struct hash_of_fields {
  using is_transparent = void;
  template <class... Fields>
  size_t operator()(const std::tuple<Fields...>& key) const noexcept {
    size_t hash = 0;
    const auto mix = [&](size_t field) { hash = (hash ^ field) * 0x9e37'79b9'7f4a'7c15; };
    std::apply([&](const auto&... field) { (mix(hash_of(field)), ...); }, key);
    return hash;
  }

private:
  static size_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }
  static size_t hash_of(timestamp at) { return static_cast<size_t>(at.time_since_epoch().count()); }
  static size_t hash_of(int32_t number) { return static_cast<size_t>(number); }
};

/// What a set of events adds to the rollup tables. Keys begin with the bucket; lookups take string_views.
class rollups {
public:
  template <class... Rest>
  using by_minute = std::tuple<timestamp, Rest...>;
  template <class Sums, class... Rest>
  using map = std::unordered_map<by_minute<Rest...>, Sums, hash_of_fields, std::equal_to<>>;
  using event_map = map<event_sums, std::string, std::string, std::string>; ///< framework, host, type
  using agent_map = map<agent_sums, std::string, std::string, std::string>; ///< framework, client_id, host
  using duration_map = map<duration_sums, std::string, int32_t>;            ///< framework, slot
  using call_map = map<call_sums, std::string, std::string, int32_t>;       ///< framework, name, slot
  using day_set = std::set<std::tuple<binary::day, std::string>>;           ///< session

  void add(const event&);
  void add(const run_state& before, const run_state& after);
  void add(const std::optional<session_extent>& before, const session_extent& after);

  // By the minute.
  event_map events;
  agent_map agents;
  duration_map durations;
  call_map calls;
  day_set days; ///< the sessions with events on each day

private:
  void add_run(const run_state&, int64_t sign);
  void add_session(const session_extent&, int64_t sign);
};

/// A map by the minute, summed up to buckets of `resolution` seconds.
template <class Map>
Map at_resolution(const Map& minutes, int32_t resolution) {
  Map sums;
  for (const auto& [minute, added] : minutes) {
    auto bucket = minute;
    std::get<0>(bucket) = timestamp{std::get<0>(minute).time_since_epoch() / std::chrono::seconds{resolution}
                                    * std::chrono::seconds{resolution}};
    sums[bucket] += added;
  }
  return sums;
}

/// Adds it all to the tables, within the caller's transaction. The caller holds the fold lock.
void save(const connection::statement_queue&, const rollups&);

} // namespace agentmon::store
