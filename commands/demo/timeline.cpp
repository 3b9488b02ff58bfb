#include "commands/demo/timeline.hpp"

#include <algorithm>
#include <array>

namespace agentmon::demo {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::hours;

constexpr hours falls_asleep{1};
constexpr hours wakes_up{5};

/// For each hour of the day (UTC) how busy people keep their agents.
constexpr std::array<double, 24> by_hour{0.04, 0.02, 0.02, 0.02, 0.03, 0.05, 0.15, 0.45, 0.85, 1.0,  1.0,  0.95,
                                         0.6,  0.8,  1.0,  0.95, 0.9,  0.7,  0.45, 0.35, 0.3,  0.25, 0.15, 0.08};
constexpr double at_weekends = 0.22;
constexpr double of_chores_at_night = 0.2;

} // namespace

timeline timeline::week_until(timestamp until) {
  timeline t;
  t.begin_ = until - days{7};
  t.end_ = until;
  t.has_rhythm_ = true;
  t.reading_interval_ = 5min;
  const auto day = std::chrono::floor<days>(until) - days{2};
  t.first_incident_ = {day + 12h, day + 14h + 35min, day + 15h + 25min};
  return t;
}

timeline timeline::live_from(timestamp now, double speed) {
  timeline t;
  t.begin_ = now;
  t.speed_ = speed;
  t.reading_interval_ = 30s;
  t.first_incident_ = {now + 8min, now + 14min, now + 18min};
  t.incident_period_ = 45min;
  return t;
}

timestamp timeline::stamp(timestamp played) const {
  const auto passed = static_cast<double>((played - begin_).count()) / speed_;
  return begin_ + std::chrono::microseconds{static_cast<int64_t>(passed)};
}

double timeline::business(timestamp played, bool works_at_night) const {
  if (!has_rhythm_) return 1;
  const auto day = std::chrono::floor<days>(played);
  const auto hour = static_cast<size_t>((played - day) / 1h);
  const auto weekday = std::chrono::weekday{day}.c_encoding();
  const auto busy = by_hour[hour] * (weekday == 0 || weekday == 6 ? at_weekends : 1);
  return works_at_night ? std::max(busy, of_chores_at_night) : busy;
}

bool timeline::is_asleep(const machine& m, timestamp played) const {
  const auto time = played - std::chrono::floor<days>(played);
  return has_rhythm_ && m.sleeps && time >= falls_asleep && time < wakes_up;
}

timestamp timeline::in_state_since(const machine& m, timestamp played) const {
  if (!has_rhythm_ || !m.sleeps) return stamp(booted_at(m, played));
  const auto day = std::chrono::floor<days>(played);
  if (played >= day + wakes_up) return stamp(day + wakes_up);
  return stamp(played >= day + falls_asleep ? day + falls_asleep : day - days{1} + wakes_up);
}

timestamp timeline::booted_at(const machine& m, timestamp played) const {
  if (&m != &troubled_machine() || played < first_incident_.repaired)
    return begin_ - std::chrono::microseconds{static_cast<int64_t>(m.uptime_days * static_cast<double>(days{1} / 1us))};
  const bool again = incident_period_.count() > 0;
  return again ? played - (played - first_incident_.repaired) % incident_period_ : first_incident_.repaired;
}

std::optional<incident> timeline::incident_at(timestamp played) const {
  auto one = first_incident_;
  if (incident_period_.count() > 0 && played > one.begins) {
    const auto passed = (played - one.begins) / incident_period_ * incident_period_;
    one = {one.begins + passed, one.gateway_stops + passed, one.repaired + passed};
  }
  if (played < one.begins || played >= one.repaired) return std::nullopt;
  return one;
}

double timeline::disk_filling(const machine& m, timestamp played) const {
  if (&m != &troubled_machine()) return 0;
  const auto now = incident_at(played);
  if (!now) return 0;
  const auto part = static_cast<double>((played - now->begins).count())
                    / static_cast<double>((now->gateway_stops - now->begins).count());
  return std::min(part, 1.0);
}

bool timeline::gateway_is_down(const machine& m, timestamp played) const { return disk_filling(m, played) >= 1; }

} // namespace agentmon::demo
