#pragma once
#include "store/connection.hpp"
#include "store/reading.hpp"

#include <vector>

namespace agentmon::store {

/// From (inclusive) to (exclusive).
struct time_range {
  timestamp from;
  timestamp to;
};

/// Where to look for the `wanted` newest events before `before` that pass the filter (type, framework, host), newest
/// first, as the rollups know: the days that hold such events when an index finds them there (all events, and those of
/// a type that events_type has), else the minutes. So a page of rare events costs no more than one of frequent ones.
result<std::vector<time_range>> times_of_events(connection&, const event_filter&, timestamp before, size_t wanted);

} // namespace agentmon::store
