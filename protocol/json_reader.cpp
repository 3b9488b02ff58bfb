#include "protocol/json_reader.hpp"

#include <charconv>

namespace agentmon {
namespace {

void append_utf_8(std::string& to, uint32_t character) {
  const auto put = [&](uint32_t byte) { to += static_cast<char>(byte); };
  if (character < 0x80) return put(character);
  if (character < 0x800) {
    put(0xc0 | character >> 6);
  } else {
    if (character < 0x10000) {
      put(0xe0 | character >> 12);
    } else {
      put(0xf0 | character >> 18);
      put(0x80 | (character >> 12 & 0x3f));
    }
    put(0x80 | (character >> 6 & 0x3f));
  }
  put(0x80 | (character & 0x3f));
}

/// The four digits of the escape \uXXXX at the front; nothing when there is none.
std::optional<uint32_t> code_at(std::string_view text) {
  if (!text.starts_with("\\u")) return std::nullopt;
  uint32_t code = 0;
  std::from_chars(text.data() + 2, text.data() + 6, code, 16);
  return code;
}

char meaning_of(char escaped) {
  switch (escaped) {
  case 'b': return '\b';
  case 'f': return '\f';
  case 'n': return '\n';
  case 'r': return '\r';
  case 't': return '\t';
  default: return escaped;
  }
}

} // namespace

std::string json_string::unescaped() const {
  std::string text;
  text.reserve(raw.size());
  for (auto rest = raw; !rest.empty();) {
    const auto plain = std::min(rest.find('\\'), rest.size());
    text += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    const auto code = code_at(rest);
    if (!code) text += meaning_of(rest[1]);
    rest.remove_prefix(code ? 6 : 2);
    if (!code) continue;
    const auto low = (*code & 0xfc00) == 0xd800 ? code_at(rest) : std::nullopt;
    const bool is_pair = low && (*low & 0xfc00) == 0xdc00;
    append_utf_8(text, is_pair ? 0x10000 + ((*code & 0x3ff) << 10 | (*low & 0x3ff)) : *code);
    if (is_pair) rest.remove_prefix(6);
  }
  return text;
}

} // namespace agentmon
