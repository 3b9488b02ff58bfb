#include "store/rollups.hpp"

#include "protocol/histogram.hpp"

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
  return *this;
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
  if (counts.tool_calls > 0)
    at(calls, std::tuple<timestamp, view, view, int32_t>{minute, e.framework, e.name.empty() ? view{"unknown"} : e.name,
                                                         slot_of(e.duration_us)}) +=
        call_sums{counts.tool_calls, counts.errors};
}

void rollups::add(const run_state& before, const run_state& after) {
  add_run(before, -1);
  add_run(after, 1);
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
