#include "monitor/probe.hpp"
#include "protocol/limits.hpp"

namespace agentmon::monitor {
namespace {

std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return word + '\'';
}

} // namespace

std::string probe_command(const gateway_place& gateway) {
  const auto longest = std::to_string(limits::probe_run_timeout.count());
  // The script comes on standard input: csh takes no line break within quotes.
  return "sh -c 'command -v timeout >/dev/null && exec timeout " + longest
         + " sh -s -- \"$@\"; exec sh -s -- \"$@\"' probe " + std::to_string(gateway.port) + ' '
         + shell_word(gateway.unit);
}

} // namespace agentmon::monitor
