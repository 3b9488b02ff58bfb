#pragma once
#include "monitor/instance.hpp"
#include "monitor/rates.hpp"
#include "protocol/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace agentmon::monitor {

/// How a machine and the agent on it are, the best first. unknown: nothing bad was seen, but not all could be looked
/// at.
enum class verdict : uint8_t { healthy, unknown, degraded, down };
std::string_view to_string(verdict);
std::optional<verdict> parse_verdict(std::string_view);

/// What one reading says of one rule.
enum class standing : uint8_t {
  good,
  broken,
  untold, ///< it cannot be seen in this reading: what was, still counts
  moot,   ///< it does not apply (what is inside a machine that is off): what was, is over
};

struct finding {
  standing how = standing::good;
  std::string what = {}; ///< the fault as a sentence's beginning, which "for 3 min" may follow
  std::string more = {}; ///< evidence for its end; may be empty
};

/// What the rules look at.
struct facts {
  const instance& about;
  const reading& now;
  const figures& told;
  double unit_restarts = 0; ///< of the gateway's unit within limits::restarts_remembered
  double boots = 0;         ///< of the machine within limits::boots_remembered
};

/// One rule. The whole table is in rules.cpp, and docs/machines.md explains it.
struct rule {
  std::string_view name;
  double threshold;          ///< 0 when it has none
  std::string_view unit;     ///< of the threshold; empty when it has none
  std::chrono::seconds hold; ///< for how long it must be broken until it counts; 0: it is certain at once
  verdict severity;
  std::string_view meaning; ///< when it is broken, for people
  finding (*look)(const facts&, double threshold);
};
std::span<const rule> rules();

constexpr double largest_threshold = 1e9;

/// Whether instance.thresholds may have this key: a rule's name sets its threshold, its name with _seconds how long it
/// must hold.
bool is_threshold(std::string_view key);

/// The rule's threshold and its hold for this machine.
double threshold_for(const rule&, const instance&);
std::chrono::microseconds hold_for(const rule&, const instance&);

} // namespace agentmon::monitor
