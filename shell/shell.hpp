#pragma once
#include "commands/commands.hpp"

#include <span>

namespace agentmon {

std::span<const flag> shell_flags();

/// The operator's console: attaches to a node and takes commands from -c, from standard input, or from a terminal.
/// The exit status is that of the last command: 0 done, 1 not done, 2 no node was reached, 64 a wrong line.
int run_shell(const invocation&);

} // namespace agentmon
