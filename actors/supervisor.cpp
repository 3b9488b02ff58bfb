#include "actors/supervisor.hpp"

#include "actors/keeper.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <deque>
#include <map>

namespace agentmon {
namespace {

struct supervisor_state {
  explicit supervisor_state(caf::event_based_actor* actor) : self{actor} {}

  void escalate(const gave_up& from) {
    auto& restarts = restarts_of[from.above];
    const auto at = self->clock().now();
    while (!restarts.empty() && restarts.front() < at - limits::role_window) restarts.pop_front();
    restarts.push_back(at);
    if (restarts.size() > static_cast<size_t>(limits::role_budget))
      return give_up("the " + from.name + " crashes again and again, and starting role " + from.above
                     + " anew did not help");
    log::error("supervisor", "an actor gave up; its whole role is started anew",
               {{"actor", from.name}, {"role", from.above}, {"times", restarts.size()}});
    // Entered from the end of the path to its beginning; what lets events in stops first.
    auto all = node->actors.list();
    std::reverse(all.begin(), all.end());
    for (const auto& each : all)
      if (const auto record = node->actors.find(each.name); record && each.above == from.above)
        record->restart("role " + from.above + " is started anew, because the " + from.name + " crashed too often");
  }

  void watch(const named_actors& actors) {
    for (const auto& [called, actor] : actors) {
      names.emplace(actor.address(), called);
      self->monitor(actor);
    }
  }

  void lost(const caf::down_msg& down) const {
    if (down.reason == caf::exit_reason::user_shutdown) return;
    const auto found = names.find(down.source);
    give_up("the " + (found == names.end() ? std::string{"keeper of an actor"} : found->second)
            + " has ended: " + self->system().render(down.reason));
  }

  caf::event_based_actor* self;
  node_context* node = nullptr;
  std::function<void(const std::string&)> give_up;
  std::map<std::string, std::deque<caf::actor_clock::time_point>> restarts_of;
  std::map<caf::actor_addr, std::string> names;
  static inline const char* name = "supervisor";
};

caf::behavior supervise(caf::stateful_actor<supervisor_state>* self, node_context* node,
                        const std::function<void(const std::string&)>& give_up) {
  self->state.node = node;
  self->state.give_up = give_up;
  self->set_down_handler([self](caf::down_msg& down) { self->state.lost(down); });
  return {
      [self](const gave_up& from) { self->state.escalate(from); },
      [self](const named_actors& actors) { self->state.watch(actors); },
  };
}

} // namespace

caf::actor spawn_supervisor(caf::actor_system& system, node_context& node,
                            std::function<void(const std::string&)> give_up) {
  return system.spawn(supervise, &node, std::move(give_up));
}

void watch(const caf::actor& supervisor, named_actors actors) { caf::anon_send(supervisor, std::move(actors)); }

} // namespace agentmon
