#pragma once
#include <string>
#include <string_view>

namespace agentmon {

/// Whether the text is well-formed UTF-8 (RFC 3629: neither overlong forms nor surrogates). A NUL is a character.
bool is_utf_8(std::string_view);

/// The text with U+FFFD for each byte that is part of no character, so that it can stand in JSON.
std::string to_utf_8(std::string_view);

} // namespace agentmon
