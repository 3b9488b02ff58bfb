#include "shell/tree.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace agentmon::shell {
namespace {

using actors = std::vector<const json*>;

/// Where a word stands in a list; it is added when it was not there.
size_t index_of(std::vector<std::string>& list, const std::string& word) {
  const auto found = std::find(list.begin(), list.end(), word);
  const auto index = static_cast<size_t>(found - list.begin());
  if (found == list.end()) list.push_back(word);
  return index;
}

/// "writer-2" is one of "writer".
std::string kind_of(const std::string& name) {
  const auto end = name.find_last_not_of("0123456789");
  return end == name.npos || name[end] != '-' ? name : name.substr(0, end);
}

/// The role, or "node" for the node's own affairs, that stands above all that is above an actor.
std::string branch_of(const actors& all, const json& actor) {
  auto above = text(actor, "above");
  for (size_t height = 0; height < all.size(); ++height) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const json* each) { return text(*each, "name") == above; });
    if (found == all.end()) break;
    const auto next = text(**found, "above");
    if (next == above) break; // the actor "node" is one of the branch "node"
    above = next;
  }
  return above;
}

/// The node's roles in path order, and what else there is.
std::vector<std::string> branches_of(const json& node, const actors& all) {
  std::vector<std::string> known, out;
  for (const auto& each : items(node, "roles")) known.push_back(text(each));
  for (const auto* each : all) index_of(known, branch_of(all, *each));
  std::copy_if(known.begin(), known.end(), std::back_inserter(out), [&](const std::string& branch) {
    return std::any_of(all.begin(), all.end(), [&](const json* each) { return text(*each, "above") == branch; });
  });
  return out;
}

void draw_below(std::string& out, const actors& all, const std::string& above, const std::string& indent) {
  actors mine;
  std::copy_if(all.begin(), all.end(), std::back_inserter(mine),
               [&](const json* each) { return text(*each, "above") == above; });
  for (const auto* each : mine) {
    const bool is_last = each == mine.back();
    const auto name = text(*each, "name");
    out += indent + (is_last ? "└─ " : "├─ ") + name + "  " + how_it_is(*each) + '\n';
    if (name != above) draw_below(out, all, name, indent + (is_last ? "   " : "│  "));
  }
}

} // namespace

std::vector<const json*> in_path_order(const json& node) {
  actors all;
  for (const auto& each : items(field(node, "report"), "actors")) all.push_back(&each);
  std::reverse(all.begin(), all.end()); // what lets events in was started last
  // Role by role; those of a pool together, by number.
  struct place {
    size_t branch, kind;
    std::string name;
    const json* actor;
  };
  auto branches = branches_of(node, all);
  std::vector<std::string> kinds;
  std::vector<place> places;
  for (const auto* each : all) {
    const auto name = text(*each, "name");
    places.push_back({index_of(branches, branch_of(all, *each)), index_of(kinds, kind_of(name)), name, each});
  }
  std::stable_sort(places.begin(), places.end(), [](const place& a, const place& b) {
    return std::tuple{a.branch, a.kind, a.name.size(), std::string_view{a.name}}
           < std::tuple{b.branch, b.kind, b.name.size(), std::string_view{b.name}};
  });
  std::transform(places.begin(), places.end(), all.begin(), [](const place& p) { return p.actor; });
  return all;
}

std::string how_it_is(const json& actor) {
  auto out = text(actor, "state") + " for " + ago(actor, "since");
  if (number(actor, "mailbox").value_or(0) > 0) out += ", mailbox " + count(actor, "mailbox");
  if (number(actor, "messages_per_second").value_or(0) > 0) out += ", " + rate(actor, "messages_per_second") + "/s";
  if (const auto restarts = number(actor, "restarts").value_or(0); restarts > 0)
    out += restarts == 1 ? ", restarted once" : ", restarted " + count(actor, "restarts") + " times";
  return out;
}

std::string draw_tree(const json& node) {
  auto out = text(node, "name") + "  " + text(node, "state") + ", " + text(node, "version") + ", started "
             + ago(node, "since") + " ago\n";
  const auto all = in_path_order(node);
  if (all.empty()) return out + "└─ (says nothing of its actors)\n";
  const auto branches = branches_of(node, all);
  for (const auto& branch : branches) {
    const bool is_last = branch == branches.back();
    out += (is_last ? "└─ " : "├─ ") + branch + '\n';
    draw_below(out, all, branch, is_last ? "   " : "│  ");
  }
  return out;
}

} // namespace agentmon::shell
