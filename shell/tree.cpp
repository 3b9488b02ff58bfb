#include "shell/tree.hpp"

#include <algorithm>
#include <iterator>

namespace agentmon::shell {
namespace {

using actors = std::vector<const json*>;

bool has_name(const actors& all, const std::string& name) {
  return std::any_of(all.begin(), all.end(), [&](const json* each) { return text(*each, "name") == name; });
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
  actors out;
  for (const auto& each : items(field(node, "report"), "actors")) out.push_back(&each);
  std::reverse(out.begin(), out.end()); // what lets events in was started last
  return out;
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
  std::vector<std::string> branches;
  for (const auto* each : all) {
    const auto above = text(*each, "above");
    if (!has_name(all, above) && std::find(branches.begin(), branches.end(), above) == branches.end())
      branches.push_back(above);
  }
  for (const auto& branch : branches) {
    const bool is_last = branch == branches.back();
    out += (is_last ? "└─ " : "├─ ") + branch + '\n';
    draw_below(out, all, branch, is_last ? "   " : "│  ");
  }
  return out;
}

} // namespace agentmon::shell
