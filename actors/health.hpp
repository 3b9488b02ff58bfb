#pragma once
#include "protocol/time.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace agentmon {

enum class condition { starting, up, away };
std::string_view to_string(condition);

/// What this node depends on, and how that is: the source of /readyz. Each change is one log line. Safe from any
/// thread.
class health {
public:
  struct check {
    condition state = condition::starting;
    timestamp since;
    std::string message; ///< why it is not up, and what happens meanwhile; empty when it is up
  };

  /// This node will depend on it: from now on it is "starting", unless more is known.
  void expect(std::string_view name);

  /// Names the dependency ("journal", "nats", "postgresql") and how it is; nothing happens when that is known already.
  void set(std::string_view name, condition, std::string_view message = {});

  /// Something about `name` that people must know though it works; an empty message: no longer. Each is a log line.
  void warn(std::string_view name, std::string_view message);

  bool is_up(std::string_view name) const;
  /// Since when it has been away without a break; nothing when it is not.
  std::optional<timestamp> away_since(std::string_view name) const;

  std::map<std::string, check, std::less<>> checks() const;
  /// What `warn` said and has not taken back.
  std::map<std::string, std::string, std::less<>> warnings() const;

private:
  mutable std::mutex mutex_;
  std::map<std::string, check, std::less<>> checks_;
  std::map<std::string, std::string, std::less<>> warnings_;
};

} // namespace agentmon
