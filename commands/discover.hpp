#pragma once
#include "commands/commands.hpp"

namespace agentmon {

std::span<const flag> discover_flags();

/// Proposes entries of the registry from what libvirt knows: JSON on standard output, what a human has to find out on
/// standard error. 1: libvirt does not answer, or knows no machine.
int run_discover(const invocation&);

} // namespace agentmon
