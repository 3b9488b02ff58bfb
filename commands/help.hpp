#pragma once
#include "commands/commands.hpp"

#include <span>
#include <string>

namespace agentmon {

/// What `agentmon help` prints.
std::string help_for_all(std::span<const command>);

/// What `agentmon help COMMAND` prints.
std::string help_for(const command&);

} // namespace agentmon
