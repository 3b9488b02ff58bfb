#include "commands/commands.hpp"
#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"
#include "settings/settings.hpp"
#include "shell/command.hpp"
#include "shell/table.hpp"
#include "shell/tree.hpp"
#include "shell/words.hpp"

#include <algorithm>

/// What makes nodes do something, and what one node has to tell of itself.
namespace agentmon::shell {
namespace {

int instruct(const console& to, const instruction& what) {
  const auto said = to.node().instruct(what);
  if (!said) return to.complain(said.error());
  to.say(*said);
  return exit_ok;
}

/// NODE/ACTOR; when the node was not said, the only one that has such an actor.
result<place> find_actor(const console& to, std::string_view word) {
  auto wanted = place_of(word);
  if (!wanted.node.empty() || wanted.name.empty()) return wanted;
  const auto system = ask(to, all_nodes);
  if (!system) return tl::unexpected{system.error()};
  std::vector<std::string> owners;
  for (const auto* node : nodes_of(*system)) {
    const auto actors = in_path_order(*node);
    if (std::any_of(actors.begin(), actors.end(), [&](const json* each) { return text(*each, "name") == wanted.name; }))
      owners.push_back(text(*node, "name"));
  }
  if (owners.empty()) return fail(fault::not_found, "there is no actor " + wanted.name + "; \"ps\" lists all");
  if (owners.size() > 1)
    return fail(fault::invalid, "several nodes have an actor " + wanted.name + " (" + joined(owners)
                                    + "); say which: " + owners.front() + "/" + wanted.name);
  wanted.node = owners.front();
  return wanted;
}

// -- drain ---------------------------------------------------------------------------------

bool is_alive(const json& node) { return text(node, "state") == "alive"; }

bool has(const json& node, std::string_view role) {
  const auto all = roles_of(node);
  return std::find(all.begin(), all.end(), role) != all.end();
}

/// The names of the nodes to drain, the one that is attached last. A node stops as a whole, so a role that has others
/// beside it somewhere is not drained anywhere.
result<std::vector<std::string>> nodes_to_drain(const json& system, const std::string& word) {
  const auto named = nodes_of(system, word);
  if (!named.empty()) {
    if (!is_alive(*named.front())) return fail(fault::not_found, word + " is " + text(*named.front(), "state"));
    return std::vector{word};
  }
  std::vector<std::string> out;
  for (const auto* node : nodes_of(system)) {
    if (!is_alive(*node) || !has(*node, word)) continue;
    const auto name = text(*node, "name");
    if (roles_of(*node).size() > 1)
      return fail(fault::invalid, name + " has other roles, too (" + joined(roles_of(*node))
                                      + "), and a node stops as a whole. Nothing was drained; to stop all of it: drain "
                                      + name);
    out.insert(out.begin(), name); // the first is the one that is attached
  }
  if (out.empty()) return fail(fault::not_found, "no node is called " + word + ", and none has it as a role");
  return out;
}

/// Waits for a node to have stopped.
result<void> wait_for_stop(const console& to, const std::string& name, bool is_attached, uint64_t losses) {
  using clock = std::chrono::steady_clock;
  for (const auto deadline = clock::now() + limits::shell_patience; clock::now() < deadline;) {
    if (to.node().losses() != losses && is_attached) return {};
    if (!interrupt::pause(is_attached ? limits::tail_look : std::chrono::milliseconds{limits::shell_watch}))
      return fail(fault::unavailable, name + " goes on stopping without you");
    if (is_attached) continue;
    const auto system = ask(to, all_nodes);
    if (!system) return tl::unexpected{system.error()};
    const auto found = nodes_of(*system, name);
    if (found.empty() || !is_alive(*found.front())) return {};
  }
  return fail(fault::timeout, name + " has not stopped yet; \"nodes\" shows when it has");
}

// -- verify ----------------------------------------------------------------------------------

/// The one that was named, else the first that has PostgreSQL.
result<std::string> verifier(const console& to, const words& given) {
  if (!given.plain.empty()) return given.first();
  const auto system = ask(to, all_nodes);
  if (!system) return tl::unexpected{system.error()};
  for (const auto* node : nodes_of(*system))
    if (is_alive(*node) && (has(*node, to_string(role::query)) || has(*node, to_string(role::processor))))
      return text(*node, "name");
  return fail(fault::unavailable, "no node with role query or processor is reached, and others have no PostgreSQL");
}

int tell_verification(const console& to, const json& report) {
  to.print("compared " + count(report, "events") + " events, " + count(report, "sessions") + " sessions, "
           + count(report, "runs") + " runs, " + count(report, "rollup_rows") + " sums and " + count(report, "machines")
           + " machines: ");
  const auto differences = items(report, "differences");
  if (differences.Empty()) {
    to.print("all is as the events say\n");
    return exit_ok;
  }
  to.print("they differ\n");
  for (const auto& each : differences) {
    to.print("  " + text(each, "table") + ": " + count(each, "count") + " differences\n");
    for (const auto& example : items(each, "examples")) to.print("    " + text(example) + '\n');
  }
  return exit_problem;
}

/// What its verification has come to.
result<rapidjson::Document> wait_for_verification(const console& to, const std::string& node) {
  for (;;) {
    auto said = ask(to, {"verify", node, {}});
    if (!said) return said;
    const auto state = text(*said, "state");
    if (state == "failed") return fail(fault::corrupt, text(*said, "message"));
    if (state == "done") return said;
    if (state != "running") return fail(fault::timeout, "the node was restarted meanwhile; say verify again");
    if (!interrupt::pause(limits::tail_look))
      return fail(fault::timeout, "it goes on without you; \"verify\" waits for it again");
  }
}

} // namespace

int restart_actor(console& to, const words& given) {
  const auto found = find_actor(to, given.first());
  return found ? instruct(to, {found->node, "restart", found->name, {}}) : to.complain(found.error());
}

int drain(console& to, const words& given) {
  const auto system = ask(to, all_nodes);
  if (!system) return to.complain(system.error());
  const auto names = nodes_to_drain(*system, given.first());
  if (!names) return to.complain(names.error());
  const auto attached = nodes_of(*system).empty() ? std::string{} : text(*nodes_of(*system).front(), "name");
  for (const auto& name : *names) {
    const auto losses = to.node().losses();
    if (const int status = instruct(to, {name, "drain", {}, {}}); status != exit_ok) return status;
    if (const auto stopped = wait_for_stop(to, name, name == attached, losses); !stopped)
      return to.complain(stopped.error());
    to.say(name + " has stopped");
  }
  return exit_ok;
}

int poll_machine(console& to, const words& given) { return instruct(to, {{}, "poll", given.first(), {}}); }

int set_log_level(console& to, const words& given) {
  const auto found = find_actor(to, given.plain.size() > 1 ? given.plain[1] : std::string{});
  return found ? instruct(to, {found->node, "log", found->name, given.first()}) : to.complain(found.error());
}

int show_config(console& to, const words& given) {
  return show(to, {"config", given.first(), {}}, [&](const json& config) {
    table out{{"SETTING"}, {"VALUE"}, {"FROM"}};
    for (const auto& each : items(config, "settings"))
      out.add({text(each, "name"), text(each, "value"), text(each, "from")});
    to.print(out.text());
    return exit_ok;
  });
}

int verify(console& to, const words& given) {
  const auto node = verifier(to, given);
  if (!node) return to.complain(node.error());
  if (const auto begun = to.node().instruct({*node, "verify", {}, {}}); !begun) return to.complain(begun.error());
  const auto said = wait_for_verification(to, *node);
  if (!said) return to.complain(said.error());
  const auto& report = field(*said, "report");
  if (!to.as_json) return tell_verification(to, report);
  to.print(json_of(*said) + '\n');
  return items(report, "differences").Empty() ? exit_ok : exit_problem;
}

} // namespace agentmon::shell
