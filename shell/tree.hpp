#pragma once
#include "shell/json_view.hpp"

#include <string>
#include <vector>

/// The supervision tree of one node, from what it tells of itself (an element of `nodes`).
namespace agentmon::shell {

/// The actors of a node, in the order of the path of an event; none while it does not answer.
std::vector<const json*> in_path_order(const json& node);

/// One actor in words: "up for 3 min, mailbox 2, restarted once".
std::string how_it_is(const json& actor);

/// The tree, a line an actor.
std::string draw_tree(const json& node);

} // namespace agentmon::shell
