#include "store/event_times.hpp"

#include "store/paging.hpp"
#include "store/rollups.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

using std::chrono::seconds;

/// The newest buckets of one resolution that hold `wanted` events in all, newest first; `within`: only inside of these
/// coarser buckets.
result<std::vector<timestamp>> newest_buckets(connection& db, const event_filter& filter, timestamp before,
                                              size_t wanted, int32_t resolution, const column* within) {
  std::vector<timestamp> buckets;
  size_t sure = 0;
  // A few at first: mostly the newest hold the page.
  for (int64_t ask = 2; sure < wanted; ask *= 4) {
    conditions where;
    where.both("resolution = ", resolution).both("bucket < ", buckets.empty() ? before : buckets.back());
    where.if_any("type = ", filter.event_type).if_any("framework = ", filter.framework).if_any("host = ", filter.host);
    if (within != nullptr) where.both("bucket = ANY (", *within, ")");
    const auto limit = where.next(ask);
    const auto found = db.exec("SELECT bucket, sum(events)::bigint FROM event_counts\n" + where.text()
                                   + "\nGROUP BY bucket HAVING sum(events) > 0 ORDER BY bucket DESC LIMIT " + limit,
                               where.with());
    if (!found) return tl::unexpected{found.error()};
    for (int row = 0; row < found->size() && sure < wanted; ++row) {
      const auto bucket = found->get<timestamp>(row, 0);
      buckets.push_back(bucket);
      // Of the bucket in which `before` lies, nobody knows how much is before.
      if (bucket + seconds{resolution} <= before) sure += static_cast<size_t>(found->get<int64_t>(row, 1));
    }
    if (found->size() < ask) break;
  }
  return buckets;
}

column parts_of(const std::vector<timestamp>& buckets, int32_t resolution, int32_t part) {
  column parts;
  for (const auto bucket : buckets)
    for (int32_t at = 0; at < resolution; at += part) parts.push(bucket + seconds{at});
  return parts;
}

/// Types that make up most of what is stored are not in the index events_type (schema/0001_events.sql).
bool is_in_index(std::string_view type) {
  return type != "span.start" && type != "span.end" && type != "metric.snapshot" && type != "openclaw.snapshot";
}

/// Whether an index leads from one such event to the next, with nothing else in between.
bool is_found_by_index(const event_filter& filter) {
  return filter.framework.empty() && filter.host.empty()
         && (filter.event_type.empty() || is_in_index(filter.event_type));
}

/// The buckets as ranges before `before`; neighbours are one range.
std::vector<time_range> ranges_of(const std::vector<timestamp>& buckets, seconds length, timestamp before) {
  std::vector<time_range> ranges;
  for (const auto bucket : buckets) {
    const auto end = std::min(before, timestamp{bucket + length});
    if (!ranges.empty() && end == ranges.back().from)
      ranges.back().from = bucket;
    else
      ranges.push_back({bucket, end});
  }
  return ranges;
}

} // namespace

result<std::vector<time_range>> times_of_events(connection& db, const event_filter& filter, timestamp before,
                                                size_t wanted) {
  const size_t finest = is_found_by_index(filter) ? resolutions.size() - 1 : 0;
  std::vector<timestamp> buckets;
  for (auto level = resolutions.size(); level-- > finest;) {
    const bool coarsest = level + 1 == resolutions.size();
    const auto within = coarsest ? column{} : parts_of(buckets, resolutions[level + 1], resolutions[level]);
    auto found = newest_buckets(db, filter, before, wanted, resolutions[level], coarsest ? nullptr : &within);
    if (!found) return tl::unexpected{found.error()};
    buckets = std::move(*found);
    if (buckets.empty()) return std::vector<time_range>{};
  }
  return ranges_of(buckets, seconds{resolutions[finest]}, before);
}

} // namespace agentmon::store
