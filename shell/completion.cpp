#include "shell/completion.hpp"

#include "protocol/limits.hpp"
#include "settings/settings.hpp"
#include "shell/tree.hpp"
#include "shell/words.hpp"

#include <algorithm>
#include <set>

namespace agentmon::shell {
namespace {

std::vector<std::string> names_in(const json& answer, std::string_view list, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& each : items(answer, list)) out.push_back(text(each, name));
  return out;
}

/// ACTOR, and NODE/ACTOR when there are several nodes.
std::vector<std::string> actors_in(const json& system) {
  std::set<std::string> out;
  const auto nodes = nodes_of(system);
  for (const auto* node : nodes)
    for (const auto* actor : in_path_order(*node)) {
      const auto name = text(*actor, "name");
      out.insert(name);
      if (nodes.size() > 1) out.insert(text(*node, "name") + "/" + name);
    }
  return {out.begin(), out.end()};
}

} // namespace

std::vector<std::string> candidates(std::string_view line, const name_source& names) {
  auto given = split(line);
  if (line.empty() || line.back() == ' ') given.emplace_back();
  if (given.size() == 1) {
    auto out = names(completion::verb);
    out.emplace_back("exit");
    return out;
  }
  const auto* const found = find_command(given.front());
  if (found == nullptr) return {};
  std::vector<std::string> out;
  if (given.size() == 2) out = names(found->first);
  if (given.size() == 3) out = names(found->second);
  for (const auto& filter : split(found->filters)) out.push_back(filter + "=");
  if (found->run == show_tree) out.emplace_back("--watch");
  out.emplace_back("--json");
  return out;
}

std::vector<std::string> known_names::of(completion what) {
  const auto at = std::chrono::steady_clock::now();
  auto& known = known_[what];
  if (known.names.empty() || at - known.at > limits::shell_names_age) known = {ask_for(what), at};
  return known.names;
}

std::vector<std::string> known_names::ask_for(completion what) const {
  if (what == completion::none) return {};
  if (what == completion::level) return {"debug", "info", "warn", "error"};
  if (what == completion::verb) {
    std::vector<std::string> out;
    for (const auto& each : all_commands()) out.emplace_back(each.name);
    return out;
  }
  query about = all_nodes;
  if (what == completion::machine) about = {"vms", {}, {}};
  if (what == completion::session) about = {"sessions", {}, {{"limit", "100"}}};
  const auto said = ask(about);
  if (!said) return {};
  if (what == completion::machine) return names_in(*said, "vms", "name");
  if (what == completion::session) return names_in(*said, "sessions", "session_id");
  if (what == completion::actor) return actors_in(*said);
  auto out = names_in(*said, "nodes", "name");
  if (what == completion::node_or_role)
    for (const auto each : {role::ingest, role::processor, role::query, role::ui, role::monitor})
      out.emplace_back(to_string(each));
  return out;
}

result<rapidjson::Document> known_names::ask(const query& about) const {
  if (!node_.is_there()) return fail(fault::unavailable, "the node is away"); // nobody wants to wait for it here
  return shell::ask(console{node_}, about);
}

} // namespace agentmon::shell
