#include "actors/node_actor.hpp"

#include "http/counted_actor.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>

#include <map>

namespace agentmon {
namespace {

struct node_state {
  explicit node_state(node_actor::pointer actor) : self{actor} {}

  caf::result<member, std::vector<member>> greeted(const member& who, const caf::strong_actor_ptr& reached_by) {
    auto& members = node->members;
    if (auto heard = members.heard(who, caf::actor_cast<node_actor>(reached_by)); !heard) {
      refuse(heard.error().message);
      return to_error(heard.error());
    }
    return {members.self(), members.all()};
  }

  void refuse(const std::string& why) {
    const auto at = self->clock().now();
    std::erase_if(refused, [&](const auto& one) { return at - one.second > limits::refusal_quiet; });
    if (refused.size() < limits::refusals_remembered && refused.emplace(why, at).second)
      log::warn("cluster", "refused a node", {{"reason", why}});
  }

  /// Asks a neighbour in the caller's name.
  template <class Answer, class Handle, class... Words>
  caf::result<Answer> pass_on(const Handle& whom, const char* what, Words&... words) {
    if (!whom) return to_error({fault::unavailable, "node " + node->config.node + " has no " + what});
    return self->delegate(whom, std::move(words)...);
  }

  node_actor::pointer self;
  node_context* node = nullptr;
  node_neighbours to;
  std::map<std::string, caf::actor_clock::time_point> refused; ///< what was logged, and when
  static inline const char* name = "control";
};

node_actor::behavior_type face_of(counted_pointer<node_actor, node_state> self, node_context* node,
                                  node_neighbours neighbours) {
  auto& state = self->state;
  state.node = node;
  state.to = std::move(neighbours);
  return {
      [&state](hello_atom, const member& who, const caf::strong_actor_ptr& reached_by) {
        return state.greeted(who, reached_by);
      },
      [node](goodbye_atom, const std::string& name, uint64_t incarnation) { node->members.left(name, incarnation); },
      [node](roster_atom) { return node->members.all(); },
      [&state](forward_atom word, std::vector<forwarded_part>& parts) {
        return state.pass_on<uint64_t>(state.to.intake, "gate", word, parts);
      },
      [self, &state](changed_atom, std::vector<live_change>& changes, int64_t committed) {
        if (state.to.viewers) self->send(state.to.viewers, changed_atom_v, std::move(changes), committed);
      },
      [&state](lease_atom word, std::string& monitor, std::vector<std::string>& machines) {
        return state.pass_on<std::vector<std::string>>(state.to.leases, "PostgreSQL", word, monitor, machines);
      },
      [&state](release_atom word, std::string& monitor, std::vector<std::string>& machines) {
        return state.pass_on<bool>(state.to.leases, "PostgreSQL", word, monitor, machines);
      },
      [&state](query_atom word, query& q) {
        return state.pass_on<std::string>(state.to.operations, "operations", word, q);
      },
      [&state](instruct_atom word, instruction& what) {
        return state.pass_on<std::string>(state.to.operations, "operations", word, what);
      },
      [&state](tail_atom word, live_filter& filter, uint64_t since) {
        return state.pass_on<std::string>(state.to.operations, "operations", word, filter, since);
      },
      [&state](keys_atom word, std::string& known, std::vector<key_use>& uses) {
        return state.pass_on<std::string>(state.to.keys, "keys", word, known, uses);
      },
  };
}

} // namespace

node_actor spawn_node_actor(caf::actor_system& system, node_context& node, node_neighbours neighbours) {
  return system.spawn(face_of, &node, std::move(neighbours));
}

} // namespace agentmon
