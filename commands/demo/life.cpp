#include "commands/demo/life.hpp"

#include "commands/demo/reading.hpp"
#include "protocol/encode.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace agentmon::demo {
namespace {

using std::chrono::microseconds;

microseconds from_seconds(double seconds) { return microseconds{static_cast<int64_t>(seconds * 1e6)}; }

} // namespace

life::life(const timeline& world, uint64_t seed) : world_{world} {
  uint64_t stream = seed * 1000;
  for (const auto& each : workers()) {
    actor a{&each, dice{++stream}, {}, world_.begin()};
    a.free_from += from_seconds(a.chance.between(1, 15));
    plan(a);
    actors_.push_back(std::move(a));
  }
  for (const auto& each : machines()) {
    sensor s{&each, dice{++stream}, world_.begin()};
    s.next += from_seconds(s.chance.between(0, 5));
    sensors_.push_back(s);
  }
}

/// The next session of an agent: when chance and the time of the day will have it, and the machine is up.
void life::plan(actor& a) const {
  const auto pause = a.who->minutes_between_sessions * 60 * world_.pause_factor();
  auto start = a.free_from;
  while (start < world_.end()) {
    const bool is_possible = !world_.is_asleep(a.who->home, start)
                             && !(a.who->work.framework == "openclaw" && world_.gateway_is_down(a.who->home, start));
    if (is_possible && a.chance.chance(world_.business(start, a.who->work.works_at_night))) break;
    start += from_seconds(a.chance.waiting(pause));
  }
  if (start >= world_.end()) return;
  auto session = plan_session(*a.who, world_, a.chance, start);
  if (session.back().at >= world_.end()) return; // would be cut off: the past is told in whole sessions
  a.free_from = session.back().at + from_seconds(a.chance.waiting(pause));
  a.planned.assign(std::make_move_iterator(session.begin()), std::make_move_iterator(session.end()));
}

demo_event life::told(const actor& a, const step& s, timestamp ts) const {
  const auto& home = a.who->home;
  return {ts,
          encode({.id = s.id,
                  .ts = ts,
                  .type = s.type,
                  .framework = a.who->work.framework,
                  .client_id = home.name,
                  .host = home.name,
                  .session_id = s.session_id,
                  .run_id = s.run_id,
                  .span_id = s.span_id,
                  .parent_span_id = s.parent_span_id,
                  .trace_id = s.trace_id,
                  .attributes = s.attributes,
                  .payload = s.payload}),
          s.type, home.name};
}

demo_event life::read(sensor& s) const {
  const auto ts = world_.stamp(s.next);
  const auto payload = reading_of(*s.of, world_, s.chance, s.next);
  constexpr std::string_view type = "openclaw.snapshot";
  demo_event e{ts,
               encode({.id = s.chance.make_uuid(ts),
                       .ts = ts,
                       .type = type,
                       .framework = "openclaw",
                       .client_id = s.of->name,
                       .host = s.of->name,
                       .payload = payload}),
               type, s.of->name};
  s.next += world_.reading_interval();
  return e;
}

std::optional<demo_event> life::next() {
  actor* busiest = nullptr;
  for (auto& each : actors_)
    if (!each.planned.empty() && (busiest == nullptr || each.planned.front().at < busiest->planned.front().at))
      busiest = &each;
  const auto sensor_at =
      std::min_element(sensors_.begin(), sensors_.end(), [](const auto& a, const auto& b) { return a.next < b.next; });
  const bool has_reading = sensor_at != sensors_.end() && sensor_at->next < world_.end();
  if (busiest == nullptr && !has_reading) return std::nullopt;
  if (has_reading && (busiest == nullptr || sensor_at->next < busiest->planned.front().at)) return read(*sensor_at);
  auto e = told(*busiest, busiest->planned.front(), world_.stamp(busiest->planned.front().at));
  busiest->planned.pop_front();
  if (busiest->planned.empty()) plan(*busiest);
  return e;
}

std::vector<demo_event> life::close(timestamp now) {
  std::vector<demo_event> ends;
  for (auto& a : actors_) {
    std::set<std::string> not_begun;
    for (const auto& s : a.planned)
      if (s.is_start()) not_begun.insert(s.thing());
    for (auto& s : a.planned) {
      if (!s.is_end() || not_begun.contains(s.thing())) continue;
      s.payload = aborted_payload(s, world_, now);
      ends.push_back(told(a, s, now));
    }
    a.planned.clear();
  }
  sensors_.clear();
  return ends;
}

} // namespace agentmon::demo
