#include "protocol/log.hpp"

#include "protocol/limits.hpp"
#include "protocol/log_parts.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

namespace agentmon::log {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto it = spdlog::stderr_logger_mt("agentmon");
    it->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    it->flush_on(spdlog::level::info);
    it->set_level(spdlog::level::trace); // is_wanted() has decided
    return it;
  }();
  return *instance;
}

spdlog::level::level_enum rank(level l) {
  switch (l) {
  case level::debug: return spdlog::level::debug;
  case level::info: return spdlog::level::info;
  case level::warn: return spdlog::level::warn;
  case level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

bool needs_quotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](unsigned char c) {
           return c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f;
         });
}

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '\n')
      line += "\\n";
    else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      line += ' ';
    else {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
  }
  line += '"';
}

/// What is known of the parts that speak.
struct parts {
  std::mutex mutex;
  std::map<std::string, level, std::less<>> levels;
  std::map<std::string, complaint, std::less<>> complaints;
};

parts& of_parts() {
  static parts all;
  return all;
}

std::atomic<level> common{level::info};
std::atomic<level> lowest{level::info}; ///< of the common one and those of parts: most lines need no look at these

bool is_wanted(level l, std::string_view part) {
  if (l < lowest) return false;
  auto& all = of_parts();
  const std::lock_guard lock{all.mutex};
  const auto own = all.levels.find(part);
  return l >= (own == all.levels.end() ? common.load() : own->second);
}

void remember(std::string_view part, std::string_view text) {
  auto& all = of_parts();
  const std::lock_guard lock{all.mutex};
  const auto known = all.complaints.find(part);
  if (known != all.complaints.end())
    known->second = {now(), std::string{text}};
  else if (all.complaints.size() < limits::log_parts)
    all.complaints.emplace(part, complaint{now(), std::string{text}});
}

} // namespace

void set_level(level l) {
  auto& all = of_parts();
  const std::lock_guard lock{all.mutex};
  all.levels.clear();
  common = lowest = l;
}

void set_level(level l, std::string_view part) {
  auto& all = of_parts();
  const std::lock_guard lock{all.mutex};
  if (all.levels.size() < limits::log_parts || all.levels.contains(part))
    all.levels.insert_or_assign(std::string{part}, l);
  auto least = common.load();
  for (const auto& [name, own] : all.levels) least = std::min(least, own);
  lowest = least;
}

std::optional<complaint> last_complaint(std::string_view part) {
  auto& all = of_parts();
  const std::lock_guard lock{all.mutex};
  const auto found = all.complaints.find(part);
  return found == all.complaints.end() ? std::nullopt : std::optional{found->second};
}

void write(level l, std::string_view part, std::string_view message, fields pairs) {
  const bool complains = l >= level::warn;
  const bool wanted = is_wanted(l, part);
  if (!complains && !wanted) return;
  std::string told;
  for (const auto& pair : pairs) {
    told += ' ';
    told += pair.name;
    told += '=';
    if (needs_quotes(pair.value))
      append_quoted(told, pair.value);
    else
      told += pair.value;
  }
  if (complains) remember(part, std::string{message} + told);
  if (!wanted) return;
  std::string line{part};
  line += ' ';
  append_quoted(line, message);
  logger().log(rank(l), line + told);
}

} // namespace agentmon::log
