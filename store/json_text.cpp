#include "store/json_text.hpp"

namespace agentmon::store {
namespace {

constexpr std::string_view nul_escape = "\\u0000";

/// Whether the backslash at `at` begins an escape: it does unless an odd number of backslashes stands before it.
bool begins_escape(std::string_view json, size_t at) {
  size_t before = 0;
  while (before < at && json[at - before - 1] == '\\') ++before;
  return before % 2 == 0;
}

} // namespace

std::string_view storable(std::string_view json, std::string& buffer) {
  auto at = json.find(nul_escape);
  if (at == std::string_view::npos) return json;
  buffer.assign(json);
  for (; at != std::string::npos; at = json.find(nul_escape, at + 1))
    if (begins_escape(json, at)) buffer.replace(at, nul_escape.size(), "\\ufffd");
  return buffer;
}

} // namespace agentmon::store
