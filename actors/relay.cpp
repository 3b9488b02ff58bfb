#include "actors/relay.hpp"

#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <iterator>

namespace agentmon {
namespace {

bool shows(const member& who) {
  return std::find(who.roles.begin(), who.roles.end(), to_string(role::query)) != who.roles.end();
}

/// Cut so that no message between nodes is large.
std::vector<std::vector<live_change>> slices(const std::vector<live_change>& changes) {
  std::vector<std::vector<live_change>> cut(1);
  size_t bytes = 0;
  for (const auto& each : changes) {
    if (bytes + each.json.size() > limits::forward_bytes && !cut.back().empty()) {
      cut.emplace_back();
      bytes = 0;
    }
    bytes += each.json.size();
    cut.back().push_back(each);
  }
  return cut;
}

viewers_actor::behavior_type relay(counted<viewers_actor::base>* self, node_context* node, broadcaster_actor here) {
  return {
      [self, node, here = std::move(here)](changed_atom, const std::vector<live_change>& changes, int64_t committed) {
        if (here) self->send(here, changed_atom_v, changes, committed);
        auto others = node->members.others();
        std::erase_if(others, [](const auto& each) { return !shows(each.who); });
        if (others.empty()) return;
        for (const auto& slice : slices(changes))
          for (const auto& to : others) self->send(to.handle, changed_atom_v, slice, committed);
      },
  };
}

} // namespace

viewers_actor spawn_relay(caf::actor_system& system, node_context& node, broadcaster_actor here) {
  return system.spawn(relay, &node, std::move(here));
}

} // namespace agentmon
