#include "control/refusals.hpp"

#include "protocol/limits.hpp"
#include "protocol/log.hpp"

namespace agentmon::control {

void refusals::tell(const std::string& address, std::string_view why) {
  const std::lock_guard lock{mutex_};
  const auto at = std::chrono::steady_clock::now();
  std::erase_if(told_, [&](const auto& one) { return at - one.second > limits::refusal_quiet; });
  if (told_.size() >= limits::refusals_remembered) return;
  if (told_.emplace(address + ' ' + std::string{why}, at).second)
    log::warn("control", "refused a connection", {{"from", address}, {"reason", why}});
}

} // namespace agentmon::control
