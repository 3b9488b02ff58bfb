#include "actors/broadcaster.hpp"

#include "actors/live.hpp"
#include "http/websocket.hpp"
#include "http/worker.hpp"
#include "protocol/decode.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>

#include <map>
#include <unordered_map>

namespace agentmon {
namespace {

using self_actor = broadcaster_actor::extend<caf::reacts_to<flush_atom>>;

struct broadcaster_state {
  explicit broadcaster_state(self_actor::pointer actor) : self{actor} {}

  struct viewer {
    websocket_peer peer;
    live_filter filter;
  };

  void feed(const std::string& message) {
    node->feed_bytes -= message.size();
    const auto batch = decode(message);
    if (!batch) return; // the writer puts it into dead_letters; there is nothing to show
    for (const auto& e : batch->events)
      add({"events", std::string{e.type}, std::string{e.session_id}, std::string{e.framework}, std::string{e.json},
           e.id});
  }

  void changed(std::vector<live_change> changes) {
    for (auto& change : changes)
      add({std::move(change.kind),
           {},
           std::move(change.session_id),
           std::move(change.framework),
           std::move(change.json),
           {}});
  }

  /// Gathers what comes within one limits::frame_interval; the first of a quiet time goes out at once.
  void add(live_item item) {
    pending[item.kind].push_back(std::move(item));
    if (flush_due) return;
    flush_due = true;
    const auto wait = last_flush + limits::frame_interval - self->clock().now();
    if (wait.count() <= 0)
      self->send(self, flush_atom_v);
    else
      self->delayed_send(self, wait, flush_atom_v);
  }

  void flush() {
    flush_due = false;
    last_flush = self->clock().now();
    for (auto& [kind, items] : std::exchange(pending, {})) {
      const auto added = history.add(std::move(items));
      node->counts.live_frames.Increment(static_cast<double>(added));
      const auto& frames = history.frames();
      for (auto frame = frames.end() - static_cast<ptrdiff_t>(added); frame != frames.end(); ++frame) show(*frame);
    }
  }

  /// One rendering for all viewers that want the same, one message for each of their listeners.
  void show(const live_history::frame& frame) {
    for (const auto& [filter, ids] : audiences) {
      const auto text = render(frame, filter);
      if (text.empty()) continue;
      const auto bytes = websocket::frame(text);
      for (const auto& [listener, connections] : ids) self->send(listener, push_atom_v, connections, bytes);
    }
  }

  void join(const websocket_peer& peer, live_filter filter, uint64_t since) {
    leave(peer.id);
    send_text(peer, "{\"seq\":" + std::to_string(history.last())
                        + R"(,"hello":{"server":"agentmon","version":")" AGENTMON_VERSION R"("}})");
    if (since > 0 && since != history.last()) catch_up(peer, filter, since);
    audiences[filter][peer.listener].push_back(peer.id);
    viewers.emplace(peer.id, viewer{peer, std::move(filter)});
    measure();
  }

  void catch_up(const websocket_peer& peer, const live_filter& filter, uint64_t since) {
    auto from = since;
    if (!history.reaches_back_to(since)) {
      // How many frames an earlier life of this process sent is not known, and neither is what was forgotten of them.
      tell_gap(peer, since >= first_sequence && since <= history.last()
                         ? std::to_string(history.frames().front().sequence - since - 1)
                         : "null");
      from = 0;
    }
    for (const auto& frame : history.frames())
      if (frame.sequence > from)
        if (const auto text = render(frame, filter); !text.empty()) send_text(peer, text);
  }

  void tell_gap(const websocket_peer& peer, std::string_view frames) const {
    node->counts.live_gaps.Increment();
    send_text(peer, "{\"gap\":" + std::string{frames} + "}");
  }

  void leave(connection_id id) {
    const auto found = viewers.find(id);
    if (found == viewers.end()) return;
    const auto& [peer, filter] = found->second;
    auto& listeners = audiences[filter];
    std::erase(listeners[peer.listener], id);
    if (listeners[peer.listener].empty()) listeners.erase(peer.listener);
    if (listeners.empty()) audiences.erase(filter);
    viewers.erase(found);
    measure();
  }

  void relieved(connection_id id, uint64_t dropped) const {
    if (const auto found = viewers.find(id); found != viewers.end() && dropped > 0)
      tell_gap(found->second.peer, std::to_string(dropped));
  }

  void measure() const { node->counts.viewers.Set(static_cast<double>(viewers.size())); }

  self_actor::pointer self;
  node_context* node = nullptr;
  const uint64_t first_sequence = static_cast<uint64_t>(now().time_since_epoch().count());
  live_history history{first_sequence};
  std::map<std::string, std::vector<live_item>> pending; ///< by kind
  bool flush_due = false;
  caf::actor_clock::time_point last_flush{};
  std::unordered_map<connection_id, viewer> viewers;
  std::map<live_filter, std::map<listener_actor, std::vector<connection_id>>> audiences;
  static inline const char* name = "broadcaster";
};

self_actor::behavior_type broadcast(self_actor::stateful_pointer<broadcaster_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  return {
      [&state](feed_atom, const std::string& message) { state.feed(message); },
      [&state](changed_atom, std::vector<live_change>& changes) { state.changed(std::move(changes)); },
      [&state](join_atom, const websocket_peer& peer, live_filter& filter, uint64_t since) {
        state.join(peer, std::move(filter), since);
      },
      [&state](leave_atom, connection_id id) { state.leave(id); },
      [&state](relieved_atom, connection_id id, uint64_t dropped) { state.relieved(id, dropped); },
      [&state](caf::get_atom) { return uint64_t{state.viewers.size()}; },
      [&state](flush_atom) { state.flush(); },
  };
}

} // namespace

broadcaster_actor spawn_broadcaster(caf::actor_system& system, node_context& node) {
  return system.spawn(broadcast, &node);
}

} // namespace agentmon
