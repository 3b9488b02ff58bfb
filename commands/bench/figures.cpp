#include "commands/bench/figures.hpp"

#include <algorithm>

namespace agentmon::bench {

latency stopwatch::summary() {
  if (micros_.empty()) return {};
  std::sort(micros_.begin(), micros_.end());
  const auto at = [&](double q) {
    return micros_[static_cast<size_t>(q * static_cast<double>(micros_.size() - 1))] / 1000.0;
  };
  return {micros_.size(), at(0.5), at(0.95), at(0.99), at(1)};
}

} // namespace agentmon::bench
