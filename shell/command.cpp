#include "shell/command.hpp"

#include "commands/commands.hpp"
#include "commands/interrupt.hpp"
#include "protocol/json_writer.hpp"
#include "settings/flags.hpp"
#include "shell/words.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace agentmon::shell {
namespace {

using enum completion;

// clang-format off
constexpr std::array table{
    command{"nodes", "", "All nodes: roles, state, load.", "nodes", 0, 0, none, none, "", show_nodes},
    command{"tree", "[NODE] [--watch]", "Who supervises whom, and how each is.", "tree --watch",
            0, 1, node, none, "", show_tree},
    command{"ps", "[NODE]", "All actors: mailbox, messages a second, restarts.", "ps", 0, 1, node, none, "", show_actors},
    command{"why", "[NODE/]ACTOR", "An actor's last failures.", "why writer-1", 1, 1, actor, none, "", show_why},
    command{"restart", "[NODE/]ACTOR", "Start an actor anew; what it had in hand is done again.", "restart writer-1",
            1, 1, actor, none, "", restart_actor},
    command{"drain", "NODE|ROLE", "Have a node, or all with this role alone, finish what is in hand, and stop.",
            "drain ingest", 1, 1, node_or_role, none, "", drain},
    command{"tail", "[type=T,T] [framework=F] [session=ID]", "Events as they happen, until Ctrl+C.",
            "tail type=error,run.end", 0, 0, none, none, "type framework session", tail},
    command{"sessions", "[status=S] [framework=F] [host=H] [q=WORDS] [limit=N]", "The newest sessions.",
            "sessions status=active limit=5", 0, 0, none, none,
            "status framework host client_id q order from to limit cursor", show_sessions},
    command{"session", "ID", "A session and its runs.", "session first-session",
            1, 1, session, none, "limit cursor", show_session},
    command{"run", "ID [session_id=ID]", "A run and its spans.", "run first-run", 1, 1, none, none, "session_id", show_run},
    command{"vms", "", "The machines, as they were last seen.", "vms", 0, 0, none, none, "", show_machines},
    command{"poll", "VM", "Look at a machine now, not when it is due.", "poll zap",
            1, 1, machine, none, "", poll_machine},
    command{"lag", "", "What is on its way: gateway, journal, NATS, PostgreSQL.", "lag", 0, 0, none, none, "", show_lag},
    command{"log", "LEVEL [NODE/][ACTOR]", "What is logged from now on, until the node is restarted.",
            "log debug puller", 1, 2, level, actor, "", set_log_level},
    command{"config", "[NODE]", "The settings in force, and where each comes from; no secrets.", "config",
            0, 1, node, none, "", show_config},
    command{"verify", "[NODE]", "Compute all sessions, runs and sums again from the events, and compare.", "verify",
            0, 1, node, none, "", verify},
    command{"help", "[COMMAND]", "This list, or one command.", "help tail", 0, 1, completion::verb, none, "", show_help},
};
// clang-format on

std::string usage(const command& c) {
  return std::string{c.name} + (c.arguments.empty() ? "" : " ") + std::string{c.arguments};
}

failure unknown_command(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& each : table) names.push_back(each.name);
  const auto near = nearest(name, names);
  return {fault::invalid, "there is no command " + std::string{name}
                              + (near.empty() ? "" : "; did you mean " + std::string{near} + "?")
                              + "; \"help\" lists all"};
}

bool takes_filter(const command& c, std::string_view name) {
  const auto all = split(c.filters);
  return std::find(all.begin(), all.end(), name) != all.end();
}

/// Sorts the words behind a command's name.
result<words> read_words(const command& c, const std::vector<std::string>& given, console& to) {
  words out;
  for (const auto& word : given) {
    const auto equals = word.find('=');
    if (word == "--json")
      to.as_json = true;
    else if (word == "--watch" && c.run == show_tree)
      out.watch = true;
    else if (equals != word.npos && takes_filter(c, word.substr(0, equals)))
      out.named.emplace(word.substr(0, equals), word.substr(equals + 1));
    else if (word.starts_with("--") || (equals != word.npos && !c.filters.empty()))
      return fail(fault::invalid, std::string{c.name} + " knows nothing of " + word + "; it is: " + usage(c));
    else
      out.plain.push_back(word);
  }
  if (out.plain.size() < c.least || out.plain.size() > c.most)
    return fail(fault::invalid, "it is: " + usage(c) + "\nfor example: " + std::string{c.example});
  return out;
}

} // namespace

std::span<const command> all_commands() { return table; }

const command* find_command(std::string_view name) {
  const auto* const found = std::find_if(table.begin(), table.end(), [&](const command& c) { return c.name == name; });
  return found == table.end() ? nullptr : found;
}

void console::print(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void console::say(std::string_view sentence) const {
  if (as_json)
    print(json_writer{}.begin_object().member("said", sentence).end_object().text() + '\n');
  else
    print(std::string{sentence} + '\n');
}

int console::complain(const failure& why) const {
  if (why.code == fault::stopping && interrupt::requested()) return exit_problem;
  std::fprintf(stderr, "%s\n", why.message.c_str());
  switch (why.code) {
  case fault::unavailable: return node_.is_there() ? exit_problem : exit_unreachable;
  case fault::invalid: return exit_usage;
  default: return exit_problem;
  }
}

int run_line(console& to, std::string_view line) {
  auto given = split(line);
  if (given.empty()) return exit_ok;
  const auto* const found = find_command(given.front());
  if (found == nullptr) return to.complain(unknown_command(given.front()));
  given.erase(given.begin());
  const bool json_before = to.as_json;
  const auto read = read_words(*found, given, to);
  const int status = read ? found->run(to, *read) : to.complain(read.error());
  to.as_json = json_before;
  return status;
}

result<rapidjson::Document> ask(const console& to, const query& q) {
  const auto said = to.node().ask(q);
  if (!said) return tl::unexpected{said.error()};
  rapidjson::Document document;
  if (document.Parse(said->data(), said->size()).HasParseError())
    return fail(fault::corrupt, "what the node answers is no JSON");
  return document;
}

int show(console& to, const query& q, const std::function<int(const json&)>& draw) {
  if (!to.as_json) {
    const auto answer = ask(to, q);
    return answer ? draw(*answer) : to.complain(answer.error());
  }
  const auto said = to.node().ask(q);
  if (!said) return to.complain(said.error());
  to.print(*said + '\n');
  return exit_ok;
}

std::vector<const json*> nodes_of(const json& system, std::string_view named) {
  std::vector<const json*> out;
  for (const auto& each : items(system, "nodes"))
    if (named.empty() || text(each, "name") == named) out.push_back(&each);
  return out;
}

std::vector<std::string> roles_of(const json& node) {
  std::vector<std::string> out;
  for (const auto& each : items(node, "roles")) out.push_back(text(each));
  return out;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& each : parts) out += (out.empty() ? "" : ",") + each;
  return out;
}

int show_help(console& to, const words& given) {
  if (!given.plain.empty()) {
    const auto* const c = find_command(given.first());
    if (c == nullptr) return to.complain(unknown_command(given.first()));
    to.print(usage(*c) + "\n" + std::string{c->meaning} + "\nfor example: " + std::string{c->example} + "\n");
    return exit_ok;
  }
  std::string text;
  for (const auto& each : table) {
    auto left = usage(each);
    constexpr size_t width = 26;
    text += left.size() < width ? left + std::string(width - left.size(), ' ') : left + '\n' + std::string(width, ' ');
    text += std::string{each.meaning} + '\n';
  }
  to.print(text
           + "\nWith --json each prints what the nodes say as it is. Tab completes, also names of nodes, actors,\n"
             "machines and sessions. \"help COMMAND\" has an example. \"exit\" or Ctrl+D leaves; the nodes go on.\n");
  return exit_ok;
}

} // namespace agentmon::shell
