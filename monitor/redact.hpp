#pragma once
#include <string>
#include <string_view>

namespace agentmon::monitor {

/// What stands where a secret was.
constexpr std::string_view redacted = "[redacted]";

/// The text without secrets: passwords, tokens and keys, told by the name before them or by their shape. The rules are
/// those of hooks/agentmon/emitter/redact.ts. A text that takes more than limits::redact_steps is hidden as a whole.
std::string redact(std::string text);

} // namespace agentmon::monitor
