#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace agentmon::control {

/// Logs who was turned away, and why: the same only once in limits::refusal_quiet. Safe from any thread.
class refusals {
public:
  void tell(const std::string& address, std::string_view why);

private:
  std::mutex mutex_;
  std::map<std::string, std::chrono::steady_clock::time_point> told_;
};

} // namespace agentmon::control
