#pragma once
#include "commands/demo/model.hpp"
#include "protocol/time.hpp"

#include <chrono>
#include <optional>

namespace agentmon::demo {

/// The troubled machine's disk fills up, its gateway stops, somebody makes room and restarts it.
struct incident {
  timestamp begins;
  timestamp gateway_stops;
  timestamp repaired;
};

/// When things happen in the demo's world. Its time is played time; stamp() says what the events' clock shows.
class timeline {
public:
  /// The seven days before `until`, with working hours, quiet nights and one incident two days ago.
  static timeline week_until(timestamp until);

  /// From now on without an end, always busy, `speed` times as fast as life, an incident every now and then.
  static timeline live_from(timestamp now, double speed);

  timestamp begin() const { return begin_; }

  /// Nothing happens after it.
  timestamp end() const { return end_; }
  std::chrono::microseconds reading_interval() const { return reading_interval_; }

  /// What the clock of events shows at a played time.
  timestamp stamp(timestamp played) const;

  /// How likely an agent has something to do, 0 to 1.
  double business(timestamp played, bool works_at_night) const;

  /// The factor on the pauses between sessions.
  double pause_factor() const { return has_rhythm_ ? 1.0 : 0.08; }

  /// Is a machine paused, and since or until when?
  bool is_asleep(const machine&, timestamp played) const;
  timestamp in_state_since(const machine&, timestamp played) const;

  /// When it was booted last: the troubled one is whenever room was made on its disk.
  timestamp booted_at(const machine&, timestamp played) const;

  /// How far the machine's disk is on its way to being full, 0 to 1.
  double disk_filling(const machine&, timestamp played) const;
  bool gateway_is_down(const machine&, timestamp played) const;

private:
  std::optional<incident> incident_at(timestamp played) const;

  timestamp begin_;
  timestamp end_ = timestamp::max();
  double speed_ = 1;
  bool has_rhythm_ = false;
  std::chrono::microseconds reading_interval_{};
  incident first_incident_{};
  std::chrono::microseconds incident_period_{}; ///< zero: it happens once
};

} // namespace agentmon::demo
