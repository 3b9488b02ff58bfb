#pragma once
#include <algorithm>
#include <chrono>
#include <random>

namespace agentmon {

/// Waits that double from `least` to `most`, each cut by up to a half at random, so that many who lost the same server
/// do not come back at the same moment. Not safe across threads.
class backoff {
public:
  backoff(std::chrono::milliseconds least, std::chrono::milliseconds most) : least_{least}, most_{most}, next_{least} {}

  std::chrono::milliseconds next() {
    const auto whole = next_.count();
    next_ = std::min(most_, next_ * 2);
    return std::chrono::milliseconds{whole - std::uniform_int_distribution<int64_t>{0, whole / 2}(random_)};
  }

  void reset() { next_ = least_; }

private:
  std::chrono::milliseconds least_, most_, next_;
  std::minstd_rand random_{std::random_device{}()};
};

} // namespace agentmon
