#include "commands/commands.hpp"
#include "commands/discover.hpp"

namespace agentmon {

std::span<const flag> vms_flags() { return discover_flags(); }

int run_vms(const invocation& given) {
  const auto& words = given.flags.words;
  if (words.size() == 1 && words.front() == "discover") return run_discover(given);
  return complain("vms needs \"discover\"; see \"agentmon help vms\""), exit_usage;
}

} // namespace agentmon
