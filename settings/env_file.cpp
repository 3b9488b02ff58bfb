#include "settings/env_file.hpp"

#include <algorithm>

namespace agentmon {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_key(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && is_letter(text.front())
         && std::all_of(text.begin(), text.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

char unescaped(char c) {
  if (c == 'n') return '\n';
  if (c == 't') return '\t';
  return c;
}

/// The value in quotes at the start of `text`, which then holds what follows them.
result<std::string> take_quoted(std::string_view& text) {
  const char quote = text.front();
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      text.remove_prefix(i + 1);
      return value;
    }
    if (quote == '"' && text[i] == '\\' && i + 1 < text.size())
      ++i, value += unescaped(text[i]);
    else
      value += text[i];
  }
  return fail(fault::invalid, std::string{"the quote "} + quote + " is not closed on the same line");
}

result<std::string> value_of(std::string_view text) {
  text = trim(text);
  if (text.empty() || text.front() == '#') return std::string{};
  if (text.front() == '"' || text.front() == '\'') {
    auto value = take_quoted(text);
    if (!value) return value;
    if (const auto rest = trim(text); !rest.empty() && rest.front() != '#') {
      return fail(fault::invalid, "only a # comment may follow the closing quote, found \"" + std::string{rest} + "\"");
    }
    return value;
  }
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '#' && (text[i - 1] == ' ' || text[i - 1] == '\t')) return std::string{trim(text.substr(0, i))};
  }
  return std::string{text};
}

result<env_entry> entry_of(std::string_view line) {
  constexpr std::string_view exported = "export";
  if (line.substr(0, exported.size()) == exported && line.size() > exported.size()
      && blanks.find(line[exported.size()]) != blanks.npos) {
    line = trim(line.substr(exported.size()));
  }
  const auto equals = line.find('=');
  const auto key = trim(line.substr(0, equals));
  if (equals == line.npos) {
    return fail(fault::invalid,
                "\"" + std::string{line} + "\" is no assignment; write KEY=value, or # before a comment");
  }
  if (!is_key(key)) {
    return fail(fault::invalid, "\"" + std::string{key} + "\" is no key; a key is made of letters, digits and _");
  }
  return value_of(line.substr(equals + 1)).map([&](std::string value) {
    return env_entry{std::string{key}, std::move(value), 0};
  });
}

} // namespace

result<std::vector<env_entry>> parse_env_file(std::string_view text) {
  std::vector<env_entry> entries;
  if (constexpr std::string_view byte_order_mark = "\xef\xbb\xbf"; text.substr(0, 3) == byte_order_mark)
    text.remove_prefix(3);
  for (size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    auto entry = entry_of(line);
    if (!entry) return fail(fault::invalid, ".env line " + std::to_string(number) + ": " + entry.error().message);
    entry->line = number;
    entries.push_back(std::move(*entry));
  }
  return entries;
}

} // namespace agentmon
