#include "shell/words.hpp"

#include <algorithm>
#include <utility>

namespace agentmon::shell {
namespace {

/// Follows the quotes of a text, character by character.
struct quoting {
  char open = 0;

  /// True when this character opens or closes quotes.
  bool turns(char c) {
    if (open != 0 ? c != open : c != '"' && c != '\'') return false;
    open = open != 0 ? '\0' : c;
    return true;
  }
};

} // namespace

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> out;
  std::string word;
  quoting quotes;
  bool in_word = false;
  for (const char c : line) {
    if (quotes.turns(c)) {
      in_word = true;
    } else if (quotes.open == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
      if (std::exchange(in_word, false)) out.push_back(std::exchange(word, {}));
    } else {
      word += c;
      in_word = true;
    }
  }
  if (in_word) out.push_back(std::move(word));
  return out;
}

std::vector<std::string> statements(std::string_view text) {
  std::vector<std::string> out(1);
  quoting quotes;
  for (const char c : text) {
    if (!quotes.turns(c) && quotes.open == 0 && (c == ';' || c == '\n'))
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

place place_of(std::string_view word) {
  const auto slash = word.find('/');
  if (slash == word.npos) return {{}, std::string{word}};
  return {std::string{word.substr(0, slash)}, std::string{word.substr(slash + 1)}};
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> out;
  for (size_t from = 0; from <= text.size();) {
    const auto comma = std::min(text.find(',', from), text.size());
    if (comma > from) out.emplace_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return out;
}

} // namespace agentmon::shell
