#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace agentmon {

/// Durations in buckets that merge by addition: bucket b (from 1) holds 2^((b-1)/2) to 2^(b/2) milliseconds, so
/// that a quantile read from it, the geometric middle of its bucket, is within 19 % of the exact one.
/// Bucket 0 is everything under 1 ms, the last everything from 2^30 ms (about 12 days).
struct duration_histogram {
  static constexpr size_t buckets = 62;
  std::array<int64_t, buckets> counts{};
  bool operator==(const duration_histogram&) const = default;
};

/// The bucket of a duration in microseconds (negative counts as 0).
size_t bucket_of(int64_t duration_us);

/// The q-quantile (0 to 1) in microseconds, as the geometric middle of its bucket; nothing when the histogram is empty.
std::optional<int64_t> quantile(const duration_histogram&, double q);

} // namespace agentmon
