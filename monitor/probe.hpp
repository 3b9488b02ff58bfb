#pragma once
#include "monitor/instance.hpp"

#include <string>
#include <string_view>

namespace agentmon::monitor {

/// The guest probe, monitor/probe.sh, for the standard input of probe_command().
std::string_view probe_script();

/// The command that runs it in the machine, in words that any login shell understands, under
/// limits::probe_run_timeout where the machine has timeout(1).
std::string probe_command(const gateway_place&);

} // namespace agentmon::monitor
