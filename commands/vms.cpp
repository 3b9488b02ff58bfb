#include "commands/commands.hpp"
#include "commands/discover.hpp"
#include "monitor/registry.hpp"

#include <cstdio>
#include <filesystem>

namespace agentmon {
namespace {

/// Looks through a registry without starting anything.
int check(const std::filesystem::path& path) {
  const auto text = monitor::read_registry(path);
  if (!text) return complain(text.error().message), exit_problem;
  if (!*text) {
    complain("there is no file " + path.string() + "; \"agentmon vms discover\" proposes one");
    return exit_problem;
  }
  const auto read = monitor::parse_registry(**text, process_environment());
  if (!read) {
    complain(path.string() + " is not right:");
    std::fprintf(stderr, "%s\n", read.error().message.c_str());
    return exit_problem;
  }
  for (const auto& remark : read->remarks) std::printf("%s\n", remark.c_str());
  const auto count = read->instances.size();
  std::printf("%s is right: %zu %s\n", path.c_str(), count, count == 1 ? "machine" : "machines");
  return exit_ok;
}

} // namespace

std::span<const flag> vms_flags() { return discover_flags(); }

int run_vms(const invocation& given) {
  const auto& words = given.flags.words;
  if (words.size() == 1 && words.front() == "discover") return run_discover(given);
  if (!words.empty() && words.size() <= 2 && words.front() == "check")
    return check(words.size() == 2 ? std::filesystem::path{words[1]} : given.config.values.registry);
  return complain("vms needs \"discover\", or \"check [FILE]\"; see \"agentmon help vms\""), exit_usage;
}

} // namespace agentmon
