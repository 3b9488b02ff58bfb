#pragma once
#include "store/connection.hpp"

#include <set>

namespace agentmon::store {

/// The daily partitions of the table events. A day outside of the span around today has none of its own, so that clocks
/// that are wrong cannot make thousands of tables; its events lie in events_default until the day comes into the span.
class partitions {
public:
  static constexpr std::chrono::days past{400};
  static constexpr std::chrono::days ahead{2};

  /// Learns which days there are.
  result<void> load(connection&);

  /// Makes what is missing of `wanted` as of `now`, each in a transaction of its own, and moves there what waits in
  /// events_default. When others keep the table busy a day may have to wait: its events then go to events_default, and
  /// it is tried again after limits::partition_retry.
  result<void> ensure(connection&, const std::set<binary::day>& wanted, timestamp now);

  /// Those there are, by what was loaded and made.
  const std::set<binary::day>& known() const { return known_; }

private:
  std::set<binary::day> known_;
  timestamp not_before_{}; ///< when a day that had to wait is tried again
};

/// "events_20260313"
std::string partition_name(binary::day);

} // namespace agentmon::store
