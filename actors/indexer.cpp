#include "actors/indexer.hpp"

#include "actors/database_link.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "store/search.hpp"

#include <caf/all.hpp>

#include <map>
#include <optional>

namespace agentmon {
namespace {

using self_actor = indexer_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct indexer_state {
  explicit indexer_state(self_actor::pointer actor) : self{actor} {}

  void touched(const run_keys& keys) {
    const auto at = self->clock().now();
    for (const auto& key : keys) waiting[key] = at;
    // What does not fit is found again by catching up: nothing is forgotten, only later.
    if (waiting.size() > limits::live_sessions) {
      waiting.clear();
      behind = true;
    }
  }

  /// Indexes the runs that have been quiet for limits::search_settle, a bounded number at a time.
  void work() {
    const auto at = self->clock().now();
    if (node->storing_behind && at < worked + limits::search_yield) return;
    if (!connect()) return;
    worked = at;
    if (behind && waiting.empty()) catch_up();
    const auto settled = at - limits::search_settle;
    std::vector<store::run_key> batch;
    for (auto it = waiting.begin(); it != waiting.end() && batch.size() < limits::search_batch;) {
      if (it->second > settled) {
        ++it;
        continue;
      }
      batch.push_back(it->first);
      it = waiting.erase(it);
    }
    if (batch.empty()) return;
    const auto done = store::index_runs(*link, batch);
    if (!done) return failed(done.error());
    node->counts.runs_indexed.Increment(static_cast<double>(*done));
  }

  void catch_up() {
    const auto keys = store::runs_to_index(*link, limits::search_catch_up);
    if (!keys) return failed(keys.error());
    behind = keys->size() == limits::search_catch_up;
    for (const auto& key : *keys) waiting.emplace(key, caf::actor_clock::time_point{});
  }

  bool connect() {
    if (link && link->alive()) return true;
    if (connect_behind_writer(*node, link)) behind = true;
    return link.has_value();
  }

  void failed(const failure& why) {
    log::warn("indexer", "could not make runs searchable; it is tried again", {{"reason", why.message}});
    link.reset();
    behind = true;
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  std::optional<store::connection> link;
  std::map<store::run_key, caf::actor_clock::time_point> waiting; ///< by when they were touched last
  caf::actor_clock::time_point worked{};                          ///< when it looked last
  bool behind = true; ///< there may be runs that nobody touched since this process began
  static inline const char* name = "indexer";
};

self_actor::behavior_type index(counted_pointer<self_actor, indexer_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  self->delayed_send(self, limits::search_tick, caf::tick_atom_v);
  return {
      [&state](touched_atom, const run_keys& keys) { state.touched(keys); },
      [self, &state](caf::tick_atom) {
        state.work();
        self->delayed_send(self, limits::search_tick, caf::tick_atom_v);
      },
  };
}

} // namespace

indexer_actor spawn_indexer(caf::actor_system& system, node_context& node) {
  return system.spawn<caf::detached>(index, &node);
}

} // namespace agentmon
