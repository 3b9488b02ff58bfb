#include "actors/retainer.hpp"

#include "actors/database_link.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "store/retention.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <optional>

namespace agentmon {
namespace {

using self_actor = retainer_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct retainer_state {
  explicit retainer_state(self_actor::pointer actor) : self{actor} {}

  /// Drops one day at most; gives how long to rest after it.
  std::chrono::milliseconds work() {
    if (!connect_behind_writer(*node, link)) return limits::retention_retry;
    const auto turn = store::take_retention_turn(*link);
    if (!turn) return failed(turn.error());
    if (!*turn) return rest(); // another node is at it
    const store::retention_rule rule{node->config.retention_days, node->config.retention_bytes};
    const auto cut = store::next_cut(*link, rule, now());
    if (!cut) return failed(cut.error());
    if (!*cut) return rest();
    const auto began = std::chrono::steady_clock::now();
    const auto done = store::drop_before(*link, **cut, patience);
    if (!done && done.error().code == fault::timeout) return wait(done.error());
    if (!done) return failed(done.error());
    node->counts.days_dropped.Increment();
    node->counts.drop_seconds.Observe(std::chrono::duration<double>(done->held).count());
    ++dropped;
    waiting = false;
    patience = limits::retention_lock_timeout;
    using std::chrono::milliseconds;
    const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
    log::info("retention", "a day was dropped",
              {{"kept_from", format_time(**cut)},
               {"milliseconds", took.count()},
               {"writers_waited", std::chrono::duration_cast<milliseconds>(done->held).count()}});
    // What this leaves out the indexer finds when it starts.
    if (const auto indexed = store::index_runs(*link, done->remade); !indexed) return failed(indexed.error());
    return limits::retention_next;
  }

  /// Nothing to do for a while; the connection's end gives the turn back.
  std::chrono::milliseconds rest() {
    link.reset();
    return limits::retention_look;
  }

  std::chrono::milliseconds wait(const failure& why) {
    if (!waiting)
      log::info("retention", "a day that is to go is still read; it is tried again", {{"reason", why.message}});
    waiting = true;
    patience = std::min(2 * patience, std::chrono::milliseconds{limits::retention_long_question});
    return limits::retention_retry;
  }

  std::chrono::milliseconds failed(const failure& why) {
    log::warn("retention", "could not drop a day; it is tried again", {{"reason", why.message}});
    return rest();
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  std::optional<store::connection> link;
  std::chrono::milliseconds patience = limits::retention_lock_timeout;
  bool waiting = false;
  uint64_t dropped = 0;
  static inline const char* name = "retainer";
};

self_actor::behavior_type retain(counted_pointer<self_actor, retainer_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  self->send(self, caf::tick_atom_v);
  return {
      [&state](caf::get_atom) { return state.dropped; },
      [self, &state](caf::tick_atom) { self->delayed_send(self, state.work(), caf::tick_atom_v); },
  };
}

} // namespace

retainer_actor spawn_retainer(caf::actor_system& system, node_context& node) {
  return system.spawn<caf::detached>(retain, &node);
}

} // namespace agentmon
