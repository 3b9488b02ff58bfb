#include "shell/shell.hpp"

#include "actors/control_port.hpp"
#include "actors/system_config.hpp"
#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"
#include "shell/command.hpp"
#include "shell/completion.hpp"
#include "shell/line_editor.hpp"
#include "shell/words.hpp"

#include <caf/actor_system.hpp>

#include <array>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <unistd.h>

namespace agentmon {
namespace shell {
namespace {

constexpr std::array switches{
    flag{"command", "COMMANDS", "Run these and leave (also: -c COMMANDS); with ; between, until one fails."},
    flag{"json", "", "Print what the nodes say as JSON."},
};

/// Empty when there is no home.
std::filesystem::path history_file() {
  const auto environment = process_environment();
  const auto folder = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::filesystem::path{} : std::filesystem::path{found->second};
  };
  if (const auto state = folder("XDG_STATE_HOME"); !state.empty()) return state / "agentmon" / "shell_history";
  const auto home = folder("HOME");
  return home.empty() ? home : home / ".local" / "state" / "agentmon" / "shell_history";
}

/// Which node to attach to: the one that was named, else the one of this machine.
result<endpoint> address_of(const invocation& given) {
  const auto& named = given.flags.words;
  if (named.size() > 1)
    return fail(fault::invalid, "shell takes one HOST:PORT, not also " + named[1] + "; commands stand behind -c");
  auto where = given.config.values.control;
  if (!named.empty()) {
    const auto parsed = parse_endpoint(named.front());
    if (!parsed) return fail(fault::invalid, named.front() + " is no HOST:PORT: " + parsed.error().message);
    where = *parsed;
  }
  if (!where)
    return fail(fault::invalid, "AGENTMON_CONTROL_ADDR is none, so this machine's node cannot be attached to; name "
                                "another one: agentmon shell HOST:PORT");
  if (is_everywhere(*where)) where->host = "127.0.0.1";
  return *where;
}

result<control::link> link_to(const endpoint& where, const settings& config) {
  auto how = control_link(config);
  if (how && !how->who && !is_loopback(where))
    return fail(fault::invalid, to_string(where)
                                    + " is another machine, which needs TLS: set AGENTMON_CONTROL_CERT, "
                                      "AGENTMON_CONTROL_KEY and AGENTMON_CONTROL_CA (deploy/ca.sh)");
  return how;
}

int run_script(console& to) {
  int status = exit_ok;
  for (std::string line; status == exit_ok && std::getline(std::cin, line);) status = run_line(to, line);
  return status;
}

int run_statements(console& to, std::string_view text) {
  int status = exit_ok;
  for (const auto& each : statements(text))
    if (status = run_line(to, each); status != exit_ok) break;
  return status;
}

int run_session(console& to, line_editor& editor) {
  for (int status = exit_ok;;) {
    const auto line = editor.read();
    if (!line) return std::puts("exit"), status;
    const auto given = split(*line);
    if (!given.empty() && (given.front() == "exit" || given.front() == "quit")) return status;
    interrupt::forget();
    status = run_line(to, *line);
    interrupt::forget();
  }
}

/// Says what happens to the node: in the line editor, once there is one.
class news {
public:
  void tell(const std::string& sentence) {
    const std::lock_guard lock{mutex_};
    if (editor_ != nullptr)
      editor_->announce(sentence);
    else
      std::fprintf(stderr, "* %s\n", sentence.c_str());
  }
  void go_to(line_editor* editor) {
    const std::lock_guard lock{mutex_};
    editor_ = editor;
  }

private:
  std::mutex mutex_;
  line_editor* editor_ = nullptr;
};

int run_terminal(console& to, const endpoint& where, news& of) {
  const auto about = ask(to, {"config", {}, {}});
  if (!about) return to.complain(about.error());
  known_names known{to.node()};
  line_editor editor{text(*about, "node") + "> ", history_file(), [&](std::string_view line) {
                       return candidates(line, [&](completion what) { return known.of(what); });
                     }};
  of.go_to(&editor);
  std::printf("attached to %s at %s; \"help\" lists the commands\n", text(*about, "node").c_str(),
              to_string(where).c_str());
  const int status = run_session(to, editor);
  of.go_to(nullptr);
  return status;
}

/// Of the terminal, so that more than ASCII can be typed and shown.
void set_character_set() {
  // NOLINTBEGIN(concurrency-mt-unsafe): there are no other threads yet
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  // NOLINTEND(concurrency-mt-unsafe)
}

} // namespace
} // namespace shell

std::span<const flag> shell_flags() { return shell::switches; }

int run_shell(const invocation& given) {
  const auto where = shell::address_of(given);
  if (!where) return complain(where.error().message), exit_usage;
  const auto how = shell::link_to(*where, given.config.values);
  if (!how) return complain(how.error().message), exit_usage;
  log::set_level(log::level::error); // what happens to the connection is told in other words
  shell::set_character_set();
  interrupt::remember();
  std::signal(SIGTERM, SIG_DFL);
  system_config config;
  caf::actor_system system{config};
  shell::news news;
  const shell::attachment node{system, *how, *where, [&](const std::string& sentence) { news.tell(sentence); }};
  shell::console to{node};
  to.as_json = given.flags.has("json");
  to.is_terminal = ::isatty(STDOUT_FILENO) == 1;
  if (const auto there = node.attached(); !there) return complain(there.error().message), exit_unreachable;
  if (const auto text = given.flags.value("command")) return shell::run_statements(to, *text);
  if (::isatty(STDIN_FILENO) == 0) return shell::run_script(to);
  return shell::run_terminal(to, *where, news);
}

} // namespace agentmon
