#pragma once
#include <string>
#include <string_view>

namespace agentmon {

/// The offset of the first byte that is no UTF-8 (RFC 3629: neither overlong forms nor surrogates, nothing above
/// U+10FFFF); npos when all of it is. A NUL is a character.
size_t find_invalid_utf_8(std::string_view);

/// Whether all of the text is.
bool is_utf_8(std::string_view);

/// The text with U+FFFD for each byte that is part of no character, so that it can stand in JSON.
std::string to_utf_8(std::string_view);

} // namespace agentmon
