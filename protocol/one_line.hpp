#pragma once
#include <string>
#include <string_view>

namespace agentmon {

/// The beginning of a text as one line of at most `characters`: what is blank or breaks a line becomes one space, or
/// nothing at its ends; where it was cut, the last character is "…". Empty when nothing else is in it. The text is
/// UTF-8, but for a last character that may be cut.
std::string one_line(std::string_view text, size_t characters);

} // namespace agentmon
