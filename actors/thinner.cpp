#include "actors/thinner.hpp"

#include "actors/database_link.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "store/thinning.hpp"

#include <caf/all.hpp>

#include <optional>

namespace agentmon {
namespace {

using self_actor = thinner_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct thinner_state {
  explicit thinner_state(self_actor::pointer actor) : self{actor} {}

  /// One slice; gives how long to rest after it.
  std::chrono::milliseconds work() {
    if (!connect_behind_writer(*node, link)) return limits::thinning_rest;
    const auto done = store::thin_samples(*link, place, now());
    if (!done) {
      log::warn("thinner", "could not thin old samples; it is tried again", {{"reason", done.error().message}});
      link.reset();
      return limits::thinning_pause;
    }
    removed += done->removed;
    node->counts.samples_thinned.Increment(static_cast<double>(done->removed));
    place = done->next.value_or(store::thinning_place{});
    if (done->next) return limits::thinning_rest;
    link.reset(); // nothing to do for a while
    return limits::thinning_pause;
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  std::optional<store::connection> link;
  store::thinning_place place;
  uint64_t removed = 0;
  static inline const char* name = "thinner";
};

self_actor::behavior_type thin(counted_pointer<self_actor, thinner_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  self->send(self, caf::tick_atom_v);
  return {
      [&state](caf::get_atom) { return state.removed; },
      [self, &state](caf::tick_atom) { self->delayed_send(self, state.work(), caf::tick_atom_v); },
  };
}

} // namespace

thinner_actor spawn_thinner(caf::actor_system& system, node_context& node) {
  return system.spawn<caf::detached>(thin, &node);
}

} // namespace agentmon
