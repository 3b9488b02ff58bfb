#include "actors/aggregator.hpp"

#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "store/shown_status.hpp"
#include "store/state_json.hpp"

#include <caf/all.hpp>

#include <map>
#include <set>
#include <unordered_map>

namespace agentmon {
namespace {

using self_actor = aggregator_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct aggregator_state {
  explicit aggregator_state(self_actor::pointer actor) : self{actor} {}

  void changed(session_states states, int64_t committed) {
    std::vector<live_change> changes;
    changes.reserve(states.size());
    for (auto& session : states) {
      // Two writers may tell in the other order than they committed; a later state has more events.
      if (const auto known = alive.find(session.session_id);
          known != alive.end() && known->second.counts.events > session.counts.events)
        continue;
      changes.push_back(change_of(session));
      keep(std::move(session));
    }
    tell(std::move(changes), committed);
  }

  /// Sessions that are open but went quiet: told once, when they turn stale.
  void look_for_stale(timestamp at) {
    std::vector<live_change> changes;
    while (!by_end.empty() && by_end.begin()->first < at) {
      const auto found = alive.find(by_end.begin()->second);
      if (!has_ended(found->second)) changes.push_back(change_of(found->second));
      by_end.erase(by_end.begin());
      alive.erase(found);
    }
    tell(std::move(changes), 0);
  }

  void keep(session_state session) {
    forget(session.session_id);
    if (alive.size() == limits::live_sessions) forget(std::string{by_end.begin()->second});
    by_end.emplace(store::stale_at(session), session.session_id);
    alive.emplace(session.session_id, std::move(session));
  }

  void forget(const std::string& session_id) {
    const auto found = alive.find(session_id);
    if (found == alive.end()) return;
    by_end.erase({store::stale_at(found->second), session_id});
    alive.erase(found);
  }

  static live_change change_of(const session_state& session) {
    return {"sessions", session.session_id, session.framework, shown(session)};
  }

  /// As /v1/sessions shows it.
  static std::string shown(const session_state& session) {
    json_writer json;
    json.begin_object();
    store::write_members(json, session, now());
    return json.end_object().text();
  }

  void tell(std::vector<live_change> changes, int64_t committed) {
    if (viewers && !changes.empty()) self->send(viewers, changed_atom_v, std::move(changes), committed);
  }

  self_actor::pointer self;
  viewers_actor viewers;
  std::unordered_map<std::string, session_state> alive; ///< those that are not stale
  std::set<std::pair<timestamp, std::string>> by_end;   ///< the same by when they will be
  static inline const char* name = "aggregator";
};

self_actor::behavior_type aggregate(counted_pointer<self_actor, aggregator_state> self, viewers_actor viewers) {
  auto& state = self->state;
  state.viewers = std::move(viewers);
  self->delayed_send(self, limits::stale_tick, caf::tick_atom_v);
  return {
      [&state](changed_atom, session_states& states, int64_t committed) {
        state.changed(std::move(states), committed);
      },
      [&state](changed_atom, std::vector<live_change>& machines, int64_t committed) {
        state.tell(std::move(machines), committed);
      },
      [self, &state](caf::tick_atom) {
        state.look_for_stale(now());
        self->delayed_send(self, limits::stale_tick, caf::tick_atom_v);
      },
  };
}

} // namespace

aggregator_actor spawn_aggregator(caf::actor_system& system, node_context&, viewers_actor viewers) {
  return system.spawn(aggregate, std::move(viewers));
}

} // namespace agentmon
