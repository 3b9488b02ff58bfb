#include "store/dead_letters.hpp"

#include "protocol/limits.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

constexpr auto insert = R"(
INSERT INTO dead_letters (stream_sequence, reason, field, body, event_id)
SELECT NULLIF(sequence, 0), reason, field, body, event_id
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::uuid[])
     AS letter (sequence, reason, field, body, event_id)
ON CONFLICT DO NOTHING)";

/// Reasons may quote what came in; text columns hold no NUL.
std::string without_nul(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\0'), text.end());
  return text;
}

/// Where the JSON value that begins at `at` ends: the first comma or bracket on its level.
size_t end_of_value(std::string_view json, size_t at) {
  size_t depth = 0;
  for (bool in_string = false; at < json.size(); ++at) {
    const char c = json[at];
    if (in_string) {
      if (c == '\\')
        ++at;
      else if (c == '"')
        in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if (depth == 0 && (c == ',' || c == ']')) return at;
    if (c == '}' || c == ']') --depth;
  }
  return at;
}

} // namespace

result<void> save(connection& db, std::span<const dead_letter> letters) {
  if (letters.empty()) return {};
  column_set columns{5};
  for (const auto& letter : letters) {
    columns.row(static_cast<int64_t>(letter.stream_sequence), without_nul(letter.reason), without_nul(letter.field),
                binary::bytes{letter.body.substr(0, limits::record_bytes)}, letter.event_id);
  }
  return db.exec_prepared(insert, columns.as_parameters()).map([](const rows&) {});
}

std::string_view element_at(std::string_view json, size_t index) {
  const auto begin = json.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || json[begin] != '[') return json;
  auto at = begin + 1;
  for (; index > 0; --index) at = end_of_value(json, at) + 1;
  if (at >= json.size()) return {};
  auto element = json.substr(at, end_of_value(json, at) - at);
  element.remove_prefix(std::min(element.find_first_not_of(" \t\r\n"), element.size()));
  return element;
}

} // namespace agentmon::store
