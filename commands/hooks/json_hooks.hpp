#pragma once
#include "protocol/failure.hpp"

#include <span>
#include <string>
#include <string_view>

/// The lists of hooks in the settings of Claude Code and in Codex's hooks.json: both have the same shape,
/// {"hooks":{EVENT:[{"hooks":[{"type":"command","command":...}]}]}}.
namespace agentmon::hooks {

/// One event to hook into.
struct hook_event {
  std::string_view name;
  int timeout_s; ///< after which the agent kills the hook's command
};

/// The text with a command for each event, behind what is there; what has the command already stays as it is. An empty
/// text is an empty object. fault::invalid: the text has another shape, and is better left alone.
result<std::string> with_hooks(std::string_view json, std::span<const hook_event>, std::string_view command);

/// The text without the command, and without what is empty then.
result<std::string> without_hooks(std::string_view json, std::string_view command);

/// In how many events the command is.
size_t count_hooks(std::string_view json, std::string_view command);

} // namespace agentmon::hooks
