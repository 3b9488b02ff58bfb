#include "protocol/one_line.hpp"

#include <algorithm>

namespace agentmon {
namespace {

constexpr std::string_view ellipsis = "\u2026", replacement = "\ufffd", line_separator = "\u2028",
                           paragraph_separator = "\u2029";

/// The bytes of the character at the front; 0 when it is cut.
size_t length_of_character(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  const size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  return length <= text.size() ? length : 0;
}

bool is_blank(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character.front());
  return (byte <= ' ' && byte != 0) || byte == 0x7f || character == line_separator || character == paragraph_separator;
}

} // namespace

std::string one_line(std::string_view text, size_t characters) {
  std::string line;
  size_t count = 0, before_last = 0;
  bool space = false;
  while (!text.empty()) {
    const auto length = length_of_character(text);
    if (length == 0) break;
    const auto character = text.substr(0, length);
    text.remove_prefix(length);
    if (is_blank(character)) {
      space = count > 0;
      continue;
    }
    if (count + (space ? 1 : 0) >= characters) return line.erase(before_last) += ellipsis;
    if (space) line += ' ';
    count += space ? 2 : 1;
    space = false;
    before_last = line.size();
    line += character.front() == '\0' ? replacement : character; // as jsonb keeps it
  }
  return line;
}

} // namespace agentmon
