#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

/// Structured log: one line a fact, on standard error, as
/// `2026-03-13T12:00:00.123Z info journal "replaying what PostgreSQL has not confirmed" records=12 bytes=3400`.
/// Safe from any thread.
namespace agentmon::log {

enum class level { debug, info, warn, error };

/// Lines below this level are dropped. Default: info.
void set_level(level);

/// One name=value pair; the value is quoted when it needs to be.
struct field {
  field(std::string_view key, std::string_view text) : name{key}, value{text} {}
  field(std::string_view key, const char* text) : name{key}, value{text} {}
  field(std::string_view key, const std::string& text) : name{key}, value{text} {}
  template <class Number>
  requires requires(Number n) { std::to_string(n); }
  field(std::string_view key, Number n) : name{key}, value{std::to_string(n)} {}
  std::string_view name;
  std::string value;
};
using fields = std::initializer_list<field>;

/// `part` is the actor or room that speaks, `message` a plain sentence without a full stop.
void write(level, std::string_view part, std::string_view message, fields = {});

inline void debug(std::string_view part, std::string_view message, fields f = {}) {
  write(level::debug, part, message, f);
}
inline void info(std::string_view part, std::string_view message, fields f = {}) {
  write(level::info, part, message, f);
}
inline void warn(std::string_view part, std::string_view message, fields f = {}) {
  write(level::warn, part, message, f);
}
inline void error(std::string_view part, std::string_view message, fields f = {}) {
  write(level::error, part, message, f);
}

} // namespace agentmon::log
