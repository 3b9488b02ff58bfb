#pragma once
#include <string>
#include <string_view>

namespace agentmon {

/// Two digits a byte, in lower case: "00ff".
std::string hexadecimal(std::string_view bytes);

} // namespace agentmon
