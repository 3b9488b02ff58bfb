#include "actors/node.hpp"
#include "commands/commands.hpp"
#include "commands/data_commands.hpp"
#include "commands/help.hpp"
#include "monitor/helper_main.hpp"
#include "monitor/helper_messages.hpp"
#include "shell/shell.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace agentmon {
namespace {

int run_up(const invocation& given) {
  if (!given.flags.words.empty()) return complain("up takes only flags, not " + given.flags.words.front()), exit_usage;
  log::set_level(given.config.values.log_level);
  return run_node(given.config);
}

/// The same, but nobody gets roles that he did not ask for.
int run_named_roles(const invocation& given) {
  const auto& lines = given.config.lines;
  const auto roles =
      std::find_if(lines.begin(), lines.end(), [](const setting_line& l) { return l.about->name == "AGENTMON_ROLES"; });
  if (roles->from == origin::preset)
    return complain("node needs --roles (or AGENTMON_ROLES): " + roles->value
                    + "; all of them at once is \"agentmon up\""),
           exit_usage;
  return run_up(given);
}

const std::array<command, 15> commands{{
    {"up",
     "",
     "Run everything in this process, in the foreground; private PostgreSQL and NATS unless URLs are set.",
     {},
     run_up},
    {"node", "--roles ROLE[,ROLE...]", "Run only some roles.", {}, run_named_roles},
    {"emit", "[< FILE]", "Send events: lines of JSON from standard input, or one event made of flags.", emit_flags(),
     run_emit},
    {"demo", "[--fast]", "Play three machines and their agents at work.", demo_flags(), run_demo},
    {"doctor", "[--verify]", "Look whether everything is in order, and say what to do.", doctor_flags(), run_doctor},
    {"hooks", "install|status|remove AGENT", "Make openclaw, codex or claude-code on this machine report.",
     hooks_flags(), run_hooks},
    {"vms", "discover|check [FILE]", "Propose a registry of machines from what libvirt knows, or look through one.",
     vms_flags(), run_vms},
    {"keys", "create|list|revoke|export", "Access keys: who may send events, and who may ask.", keys_flags(),
     run_access_keys},
    {"export", "[FILE]", "Write the stored events as lines of JSON; the same command goes on after an interruption.",
     export_flags(), run_export},
    {"import", "[FILE]", "Send such lines to a gateway; what is there already counts once.", import_flags(),
     run_import},
    {"backup",
     "FOLDER",
     "Copy the private services, while they run, with all that was accepted until its end.",
     {},
     run_backup},
    {"restore", "FOLDER", "Make the data folder anew of a backup.", {}, run_restore},
    {"shell", "[HOST:PORT] [-c COMMANDS]", "Look into running nodes, and tell them what to do.", shell_flags(),
     run_shell},
    {"config", "[NAME...]", "Print the settings in force and where each comes from.", config_flags(), run_config},
    {"bench", "[--json]", "Measure how fast agentmon is on this machine, beside the machine's own limits.",
     bench_flags(), run_bench},
}};

int print_help(const std::string& about) {
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const command& c) { return c.name == about; });
  const auto text = found != commands.end() ? help_for(*found) : help_for_all(commands);
  return std::fputs(text.c_str(), stdout) < 0 ? exit_problem : exit_ok;
}

int unknown_command(const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& each : commands) names.push_back(each.name);
  const auto near = nearest(name, names);
  complain("there is no command \"" + name + "\"" + (near.empty() ? "" : "; did you mean " + std::string{near} + "?")
           + "; \"agentmon help\" lists all");
  return exit_usage;
}

int dispatch(std::span<const std::string_view> arguments) {
  const std::string name{arguments.empty() ? "help" : arguments.front()};
  const auto rest = arguments.empty() ? arguments : arguments.subspan(1);
  if (name == "version" || name == "--version")
    return std::puts("agentmon " AGENTMON_VERSION) < 0 ? exit_problem : exit_ok;
  if (name == "help" || name == "--help" || name == "-h")
    return print_help(rest.empty() ? "" : std::string{rest.front()});
  if (name == monitor::helper_command && rest.size() == 1) return monitor::run_helper(std::string{rest.front()});
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const command& c) { return c.name == name; });
  if (found == commands.end()) return unknown_command(name);
  if (std::find_if(rest.begin(), rest.end(), [](auto word) { return word == "--help" || word == "-h"; }) != rest.end())
    return print_help(name);

  auto known = setting_flags();
  known.insert(known.end(), found->flags.begin(), found->flags.end());
  // Its -c is what every shell has.
  std::vector<std::string_view> words{rest.begin(), rest.end()};
  if (name == "shell") std::replace(words.begin(), words.end(), std::string_view{"-c"}, std::string_view{"--command"});
  auto flags = read_flags(words, known);
  if (!flags) return complain(flags.error().message), exit_usage;
  auto config = load_configuration(*flags);
  if (!config) return complain(config.error().message), name == "doctor" ? exit_problem : exit_usage;
  return found->run({std::move(*config), std::move(*flags)});
}

} // namespace
} // namespace agentmon

int main(int count, char** words) {
  const std::vector<std::string_view> arguments(words + std::min(count, 1), words + count);
  return agentmon::dispatch(arguments);
}
