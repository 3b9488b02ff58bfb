#include "actors/feed.hpp"

#include "actors/bus_link.hpp"
#include "bus/tap.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>

namespace agentmon {
namespace {

using self_actor = feed_actor::extend<caf::reacts_to<open_atom>, caf::reacts_to<lost_atom, uint64_t, std::string>>;

struct feed_state {
  explicit feed_state(self_actor::pointer actor) : self{actor} {}

  void open() {
    close();
    if (auto opened = link.open(*node); !opened) return lose(opened.error().message);
    auto tapped = bus::tap::open(link.connection(), [to = viewers, node = node](std::string_view payload) {
      // Viewers' memory is bounded here: what the broadcaster has not looked at yet counts.
      if (node->feed_bytes.load() > limits::feed_window_bytes) {
        ++node->feed_dropped;
        return;
      }
      node->feed_bytes += payload.size();
      caf::anon_send(to, feed_atom_v, std::string{payload});
    });
    if (!tapped) return lose(tapped.error().message);
    source.emplace(std::move(*tapped));
    link.settled();
    node->status.set("live feed", condition::up);
  }

  void lose(const std::string& reason) {
    close();
    link.lose(*node, "live feed", reason + "; viewers see no new events meanwhile");
  }

  void close() {
    if (source) node->feed_dropped += source->dropped();
    source.reset();
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  broadcaster_actor viewers;
  bus_link<self_actor> link{self};
  std::optional<bus::tap> source; ///< made from the link's connection
  static inline const char* name = "feed";
};

self_actor::behavior_type feed(self_actor::stateful_pointer<feed_state> self, node_context* node,
                               broadcaster_actor viewers) {
  auto& state = self->state;
  state.node = node;
  state.viewers = std::move(viewers);
  node->status.expect("live feed");
  self->send(self, open_atom_v);
  return {
      [&state](caf::get_atom) { return state.node->feed_dropped + (state.source ? state.source->dropped() : 0); },
      [&state](open_atom) { state.open(); },
      [&state](lost_atom, uint64_t epoch, const std::string& reason) {
        if (state.link.is_of_now(epoch)) state.lose(reason);
      },
  };
}

} // namespace

feed_actor spawn_feed(caf::actor_system& system, node_context& node, broadcaster_actor viewers) {
  return system.spawn<caf::detached>(feed, &node, std::move(viewers));
}

} // namespace agentmon
