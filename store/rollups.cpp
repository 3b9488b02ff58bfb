#include "store/rollups.hpp"

#include "protocol/histogram.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

/// The sum at a key, looked up without making strings when it is there already.
template <class Map, class View>
auto& at(Map& map, const View& view) {
  auto found = map.find(view);
  if (found == map.end()) found = map.emplace(typename Map::key_type{view}, typename Map::mapped_type{}).first;
  return found->second;
}

int32_t slot_of(std::optional<int64_t> duration_us) {
  return duration_us ? static_cast<int32_t>(bucket_of(*duration_us)) : unknown_slot;
}

void keep_earliest(std::optional<timestamp>& at, const std::optional<timestamp>& ts) {
  if (ts) at = at ? std::min(*at, *ts) : ts;
}
void keep_latest(std::optional<timestamp>& at, const std::optional<timestamp>& ts) {
  if (ts) at = at ? std::max(*at, *ts) : ts;
}

} // namespace

event_sums& event_sums::operator+=(const event_sums& other) {
  events += other.events;
  errors += other.errors;
  return *this;
}

agent_sums& agent_sums::operator+=(const agent_sums& other) {
  for (const auto& [name, counter] : agent_counters) this->*counter += other.*counter;
  for (size_t i = 0; i < used.size(); ++i) {
    used[i] += other.used[i];
    known[i] += other.known[i];
  }
  keep_earliest(first_ts, other.first_ts);
  keep_latest(last_ts, other.last_ts);
  return *this;
}

std::optional<session_extent> extent_of(const session_state& session) {
  if (!session.first) return std::nullopt;
  return session_extent{session.framework, session.client_id, session.host, session.first->ts, session.last_ts};
}

call_sums& call_sums::operator+=(const call_sums& other) {
  calls += other.calls;
  errors += other.errors;
  return *this;
}

duration_sums& duration_sums::operator+=(const duration_sums& other) {
  runs += other.runs;
  return *this;
}

void rollups::add(const event& e) {
  using view = std::string_view;
  const auto minute = minute_of(e.ts);
  const auto counts = tally_of(e);
  at(events, std::tuple<timestamp, view, view, view>{minute, e.framework, e.host, e.type}) +=
      event_sums{counts.events, counts.errors};
  auto& agent = at(agents, std::tuple<timestamp, view, view, view>{minute, e.framework, e.client_id, e.host});
  agent.events += counts.events;
  agent.errors += counts.errors;
  agent.tool_calls += counts.tool_calls;
  if (!e.session_id.empty()) {
    keep_earliest(agent.first_ts, e.ts);
    keep_latest(agent.last_ts, e.ts);
  }
  if (counts.tool_calls > 0)
    at(calls, std::tuple<timestamp, view, view, int32_t>{minute, e.framework, e.name.empty() ? view{"unknown"} : e.name,
                                                         slot_of(e.duration_us)}) +=
        call_sums{counts.tool_calls, counts.errors};
}

void rollups::add(const run_state& before, const run_state& after) {
  add_run(before, -1);
  add_run(after, 1);
}

void rollups::add(const std::optional<session_extent>& before, const session_extent& after) {
  if (before) add_session(*before, -1);
  add_session(after, 1);
}

void rollups::add_session(const session_extent& session, int64_t sign) {
  using view = std::string_view;
  const auto in = [&](timestamp moment) -> agent_sums& {
    return at(agents, std::tuple<timestamp, view, view, view>{minute_of(moment), session.framework, session.client_id,
                                                              session.host});
  };
  in(session.first).sessions_begun += sign;
  in(session.last).sessions_latest += sign;
}

void rollups::add_run(const run_state& run, int64_t sign) {
  if (!run.first) return;
  const auto part = contribution_of(run);
  agent_sums sums{.runs = sign * part.runs,
                  .ended = sign * part.ended,
                  .failed = sign * part.failed,
                  .aborted = sign * part.aborted,
                  .usage_known = sign * part.usage_known,
                  .busy_us = sign * part.duration_us.value_or(0),
                  .busy_known = part.duration_us ? sign : 0};
  size_t i = 0;
  for_each_usage_field([&](auto field, const char*) {
    sums.used[i] = sign * (part.used.*field).value_or(0);
    sums.known[i] = (part.used.*field) ? sign : 0;
    ++i;
  });
  const auto minute = minute_of(run.first->ts);
  using view = std::string_view;
  at(agents, std::tuple<timestamp, view, view, view>{minute, run.framework, run.client_id, run.host}) += sums;
  if (part.duration_us)
    at(durations, std::tuple<timestamp, std::string_view, int32_t>{minute, run.framework, slot_of(part.duration_us)}) +=
        duration_sums{sign};
}

} // namespace agentmon::store
