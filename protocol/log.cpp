#include "protocol/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace agentmon::log {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto it = spdlog::stderr_logger_mt("agentmon");
    it->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    it->flush_on(spdlog::level::info);
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

} // namespace

void set_level(level l) { logger().set_level(rank(l)); }

void write(level l, std::string_view part, std::string_view message, fields pairs) {
  if (!logger().should_log(rank(l))) return;
  std::string line{part};
  line += ' ';
  append_quoted(line, message);
  for (const auto& pair : pairs) {
    line += ' ';
    line += pair.name;
    line += '=';
    if (needs_quotes(pair.value))
      append_quoted(line, pair.value);
    else
      line += pair.value;
  }
  logger().log(rank(l), line);
}

} // namespace agentmon::log
