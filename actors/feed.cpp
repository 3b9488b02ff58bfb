#include "actors/feed.hpp"

#include "actors/bus_link.hpp"
#include "bus/tap.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "protocol/packing.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <memory>

namespace agentmon {
namespace {

using self_actor = feed_actor::extend<caf::reacts_to<open_atom>, caf::reacts_to<lost_atom, uint64_t, std::string>,
                                      caf::reacts_to<caf::tick_atom>>;

struct feed_state {
  explicit feed_state(self_actor::pointer actor) : self{actor} {}

  void open() {
    close();
    if (auto linked = link.open(*node); !linked) return lose(linked.error().message);
    auto opened =
        bus::tap::open(link.connection(), [to = viewers, node = node, too_many = refused](const auto& message) {
          // Viewers' memory is bounded here: what the broadcaster has not made into frames yet counts.
          if (node->feed_bytes.load() > int64_t{limits::feed_window_bytes}) {
            ++*too_many;
            return;
          }
          node->feed_bytes += static_cast<int64_t>(unpacked_bytes(message.payload));
          const auto published = message.published.value_or(timestamp{}).time_since_epoch().count();
          caf::anon_send(to, feed_atom_v, std::string{message.payload}, int64_t{published});
        });
    if (!opened) return lose(opened.error().message);
    source.emplace(std::move(*opened));
    if (std::exchange(was_open, true)) self->send(viewers, lost_atom_v); // nobody listened meanwhile
    link.settled();
    node->status.set("live feed", condition::up);
  }

  void lose(const std::string& reason) {
    close();
    link.lose(*node, "live feed", reason + "; viewers see no new events meanwhile");
  }

  void close() {
    look();
    source.reset();
    counted = *refused;
  }

  /// What the broadcaster had no room for, and what cnats dropped because our callback did not come back in time.
  void look() {
    if (!source) return;
    const auto now = *refused + source->dropped();
    if (now == counted) return;
    node->counts.live_missed.Increment(static_cast<double>(now - std::exchange(counted, now)));
    self->send(viewers, lost_atom_v);
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  broadcaster_actor viewers;
  bus_link<self_actor> link{self};
  std::optional<bus::tap> source; ///< made from the link's connection
  bool was_open = false;
  std::shared_ptr<std::atomic<uint64_t>> refused = std::make_shared<std::atomic<uint64_t>>(0);
  uint64_t counted = 0; ///< of the refused and the source's dropped ones
  static inline const char* name = "feed";
};

self_actor::behavior_type feed(counted_pointer<self_actor, feed_state> self, node_context* node,
                               broadcaster_actor viewers) {
  auto& state = self->state;
  state.node = node;
  state.viewers = std::move(viewers);
  node->status.expect("live feed");
  self->send(self, open_atom_v);
  self->delayed_send(self, limits::feed_look, caf::tick_atom_v);
  return {
      [&state](caf::get_atom) {
        state.look();
        return static_cast<uint64_t>(state.node->counts.live_missed.Value());
      },
      [&state](open_atom) { state.open(); },
      [&state](lost_atom, uint64_t epoch, const std::string& reason) {
        if (state.link.is_of_now(epoch)) state.lose(reason);
      },
      [self, &state](caf::tick_atom) {
        state.look();
        self->delayed_send(self, limits::feed_look, caf::tick_atom_v);
      },
  };
}

} // namespace

feed_actor spawn_feed(caf::actor_system& system, node_context& node, broadcaster_actor viewers) {
  return system.spawn<caf::detached>(feed, &node, std::move(viewers));
}

} // namespace agentmon
