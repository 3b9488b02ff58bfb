#include "store/event_times.hpp"

#include "store/paging.hpp"
#include "store/rollups.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace agentmon::store {
namespace {

using std::chrono::seconds;

/// Of a resolution, the newest buckets before `before` with such events, at most `limit`, newest first; `within`: only
/// those of a list.
result<rows> find_buckets(connection& db, const event_filter& filter, timestamp before, int32_t resolution,
                          const column* within, size_t limit) {
  conditions where;
  where.both("resolution = ", resolution).both("bucket < ", before);
  if (filter.from) where.both("bucket > ", timestamp{*filter.from - seconds{resolution}});
  where.if_any("type = ", filter.event_type).if_any("framework = ", filter.framework).if_any("host = ", filter.host);
  if (within != nullptr) where.both("bucket = ANY (", *within, ")");
  const auto most = where.next(static_cast<int64_t>(limit));
  return db.exec("SELECT bucket, sum(events)::bigint FROM event_counts\n" + where.text()
                     + "\nGROUP BY bucket HAVING sum(events) > 0 ORDER BY bucket DESC LIMIT " + most,
                 where.with());
}

/// The newest buckets of one resolution that hold `wanted` events in all, newest first; `within`: only of these, newest
/// first.
result<std::vector<timestamp>> newest_buckets(connection& db, const event_filter& filter, timestamp before,
                                              size_t wanted, int32_t resolution,
                                              std::optional<std::span<const timestamp>> within) {
  std::vector<timestamp> buckets;
  size_t sure = 0;
  // A few at first: mostly the newest hold the page. Of a long list all: such events are rare.
  for (size_t ask = !within ? 2 : within->size() > 64 ? within->size() : 16; sure < wanted; ask *= 8) {
    column some;
    for (size_t i = 0; within && i < std::min(ask, within->size()); ++i) some.push((*within)[i]);
    const auto found =
        find_buckets(db, filter, buckets.empty() ? before : buckets.back(), resolution, within ? &some : nullptr, ask);
    if (!found) return tl::unexpected{found.error()};
    for (int row = 0; row < found->size() && sure < wanted; ++row) {
      const auto bucket = found->get<timestamp>(row, 0);
      buckets.push_back(bucket);
      // Of the bucket in which `before` lies, nobody knows how much is before.
      if (bucket + seconds{resolution} <= before) sure += static_cast<size_t>(found->get<int64_t>(row, 1));
    }
    if (within) within = within->subspan(std::min(ask, within->size()));
    if (within ? within->empty() : static_cast<size_t>(found->size()) < ask) break;
  }
  return buckets;
}

/// The parts of buckets that are newest first, newest first.
std::vector<timestamp> parts_of(const std::vector<timestamp>& buckets, int32_t resolution, int32_t part) {
  std::vector<timestamp> parts;
  for (const auto bucket : buckets)
    for (int32_t at = resolution - part; at >= 0; at -= part) parts.push_back(bucket + seconds{at});
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
    std::vector<timestamp> parts;
    std::optional<std::span<const timestamp>> within;
    if (level + 1 < resolutions.size()) {
      parts = parts_of(buckets, resolutions[level + 1], resolutions[level]);
      within = parts;
    }
    auto found = newest_buckets(db, filter, before, wanted, resolutions[level], within);
    if (!found) return tl::unexpected{found.error()};
    buckets = std::move(*found);
    if (buckets.empty()) return std::vector<time_range>{};
  }
  return ranges_of(buckets, seconds{resolutions[finest]}, before);
}

} // namespace agentmon::store
