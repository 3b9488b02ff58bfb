#pragma once
#include <string>
#include <string_view>
#include <vector>

/// Taking apart what was typed.
namespace agentmon::shell {

/// Splits at blanks; quotes of either kind hold together.
std::vector<std::string> split(std::string_view line);

/// The commands of a text: they end at a semicolon or at the end of a line, but not within quotes.
std::vector<std::string> statements(std::string_view text);

/// "NODE/ACTOR", "ACTOR" or "NODE/".
struct place {
  std::string node; ///< empty: not said
  std::string name;
};
place place_of(std::string_view word);

/// "a,b" as a and b.
std::vector<std::string> list_of(std::string_view text);

} // namespace agentmon::shell
