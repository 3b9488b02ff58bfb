#include "actors/health.hpp"

#include "protocol/log.hpp"

namespace agentmon {

std::string_view to_string(condition state) {
  switch (state) {
  case condition::starting: return "starting";
  case condition::up: return "up";
  case condition::away: return "away";
  }
  return "";
}

void health::expect(std::string_view name) {
  const std::lock_guard lock{mutex_};
  checks_.try_emplace(std::string{name}, check{condition::starting, now(), "has not answered yet"});
}

void health::set(std::string_view name, condition state, std::string_view message) {
  {
    const std::lock_guard lock{mutex_};
    auto& known = checks_[std::string{name}];
    const bool is_new = known.since == timestamp{};
    if (!is_new && known.state == state) {
      known.message = message;
      return;
    }
    known = {state, now(), std::string{message}};
  }
  if (state == condition::up) log::info(name, "is up");
  if (state == condition::away) log::warn(name, "is away", {{"reason", message}});
}

void health::warn(std::string_view name, std::string_view message) {
  {
    const std::lock_guard lock{mutex_};
    auto& known = warnings_[std::string{name}];
    if (known == message) return;
    known = message;
  }
  if (!message.empty()) log::warn(name, message);
}

bool health::is_up(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto found = checks_.find(name);
  return found != checks_.end() && found->second.state == condition::up;
}

std::optional<timestamp> health::away_since(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto found = checks_.find(name);
  if (found == checks_.end() || found->second.state != condition::away) return std::nullopt;
  return found->second.since;
}

std::map<std::string, health::check, std::less<>> health::checks() const {
  const std::lock_guard lock{mutex_};
  return checks_;
}

std::map<std::string, std::string, std::less<>> health::warnings() const {
  const std::lock_guard lock{mutex_};
  auto all = warnings_;
  std::erase_if(all, [](const auto& each) { return each.second.empty(); });
  return all;
}

} // namespace agentmon
