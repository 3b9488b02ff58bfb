#pragma once
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>

namespace agentmon::demo {

/// Chance that is the same for the same seed.
class dice {
public:
  explicit dice(uint64_t seed) : engine_{seed} {}

  bool chance(double probability) { return between(0, 1) < probability; }
  double between(double least, double most) { return std::uniform_real_distribution<double>{least, most}(engine_); }
  double normal(double mean, double deviation) { return std::normal_distribution<double>{mean, deviation}(engine_); }

  /// Around `median`; `spread` is the standard deviation of its logarithm.
  double log_normal(double median, double spread) { return median * std::exp(normal(0, spread)); }

  /// The time to the next one of things that happen by chance.
  double waiting(double mean) { return std::exponential_distribution<double>{1 / mean}(engine_); }

  template <class T>
  const T& pick(std::span<const T> from) {
    return from[std::uniform_int_distribution<size_t>{0, from.size() - 1}(engine_)];
  }

  /// One of them by its weight.
  template <class T>
  const T& pick_weighted(std::span<const T> from) {
    double total = 0;
    for (const auto& each : from) total += each.weight;
    double left = between(0, total);
    for (const auto& each : from)
      if ((left -= each.weight) < 0) return each;
    return from.back();
  }

  /// A UUIDv7 of that time.
  uuid make_uuid(timestamp at) {
    uuid id;
    auto milliseconds = static_cast<uint64_t>(std::max<int64_t>(at.time_since_epoch().count(), 0)) / 1000;
    for (size_t i = 6; i-- > 0; milliseconds >>= 8U) id.bytes[i] = static_cast<unsigned char>(milliseconds & 0xffU);
    for (size_t i = 6; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<unsigned char>(engine_() & 0xffU);
    id.bytes[6] = static_cast<unsigned char>((id.bytes[6] & 0x0fU) | 0x70U);
    id.bytes[8] = static_cast<unsigned char>((id.bytes[8] & 0x3fU) | 0x80U);
    return id;
  }

private:
  std::mt19937_64 engine_;
};

} // namespace agentmon::demo
