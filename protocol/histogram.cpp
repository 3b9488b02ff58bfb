#include "protocol/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace agentmon {

size_t bucket_of(int64_t duration_us) {
  if (duration_us < 1000) return 0;
  const auto millis = static_cast<double>(duration_us) / 1000.0;
  const auto bucket = 1 + static_cast<size_t>(std::floor(2.0 * std::log2(millis)));
  return std::min(bucket, duration_histogram::buckets - 1);
}

std::optional<int64_t> quantile(const duration_histogram& histogram, double q) {
  int64_t total = 0;
  for (const auto n : histogram.counts) total += n;
  if (total <= 0) return std::nullopt;
  const auto rank = std::clamp<int64_t>(static_cast<int64_t>(std::ceil(q * static_cast<double>(total))), 1, total);
  int64_t seen = 0;
  for (size_t b = 0; b < duration_histogram::buckets; ++b) {
    seen += histogram.counts[b];
    if (seen < rank) continue;
    if (b == 0) return 500;
    // Bucket b holds [2^((b-1)/2), 2^(b/2)) ms; its geometric middle is 2^((b-0.5)/2).
    return std::llround(1000.0 * std::exp2((static_cast<double>(b) - 0.5) / 2.0));
  }
  return std::nullopt;
}

} // namespace agentmon
