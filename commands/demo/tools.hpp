#pragma once
#include "commands/demo/model.hpp"

#include <span>

namespace agentmon::demo {

/// The tools of each kind of agent, with believable uses.
std::span<const tool> openclaw_tools();
std::span<const tool> codex_tools();
std::span<const tool> claude_tools();

} // namespace agentmon::demo
