#include "store/json_text.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

constexpr std::string_view nul_escape = "\\u0000";

/// Whether the backslash at `at` begins an escape: it does unless an odd number of backslashes stands before it.
bool begins_escape(std::string_view json, size_t at) {
  size_t before = 0;
  while (before < at && json[at - before - 1] == '\\') ++before;
  return before % 2 == 0;
}

/// Behind the string that begins at `at`.
size_t end_of_string(std::string_view json, size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at)
    if (json[at] == '\\') ++at;
  return std::min(at + 1, json.size());
}

/// Behind the value that begins at `at`: at the comma or the brace that follows.
size_t end_of_value(std::string_view json, size_t at) {
  size_t depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (depth == 0 && (c == ',' || c == '}')) break;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    at = c == '"' ? end_of_string(json, at) : at + 1;
  }
  return at;
}

} // namespace

std::vector<std::pair<std::string_view, std::string_view>> members_of(std::string_view json) {
  std::vector<std::pair<std::string_view, std::string_view>> members;
  if (!json.starts_with('{')) return members;
  for (size_t at = json.find('"'); at < json.size(); at = json.find('"', at)) {
    const auto name_end = end_of_string(json, at);
    const auto value = json.find_first_not_of(": ", name_end);
    if (value == std::string_view::npos) break;
    const auto value_end = end_of_value(json, value);
    members.emplace_back(json.substr(at + 1, name_end - at - 2), json.substr(value, value_end - value));
    at = value_end;
  }
  return members;
}

std::string beginning_of_text(std::string_view json, size_t bytes) {
  if (!json.starts_with('"')) return std::string{json.substr(0, bytes)};
  json = json.substr(1, std::min(bytes, json.size() - 2));
  std::string text;
  for (size_t at = 0; at < json.size(); ++at) {
    if (json[at] != '\\' || at + 1 == json.size()) {
      text += json[at];
      continue;
    }
    const char escaped = json[++at]; // all others are escapes of control characters
    text += escaped == '"' || escaped == '\\' || escaped == '/' ? escaped : ' ';
    if (escaped == 'u') at += 4;
  }
  return text;
}

std::string_view storable(std::string_view json, std::string& buffer) {
  auto at = json.find(nul_escape);
  if (at == std::string_view::npos) return json;
  buffer.assign(json);
  for (; at != std::string::npos; at = json.find(nul_escape, at + 1))
    if (begins_escape(json, at)) buffer.replace(at, nul_escape.size(), "\\ufffd");
  return buffer;
}

} // namespace agentmon::store
