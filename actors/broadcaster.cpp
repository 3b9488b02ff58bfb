#include "actors/broadcaster.hpp"

#include "actors/live.hpp"
#include "http/counted_actor.hpp"
#include "http/websocket.hpp"
#include "http/worker.hpp"
#include "protocol/decode.hpp"
#include "protocol/limits.hpp"
#include "protocol/packing.hpp"

#include <caf/all.hpp>

#include <deque>
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

  /// Frames that are written together.
  struct piece {
    std::string bytes;
    uint64_t frames = 0;
  };

  /// What one audience is sent in one round: one piece as a rule. A viewer who does not read is found out between two.
  struct rendering {
    std::vector<piece> pieces;

    void add(const std::string& text) {
      if (text.empty()) return;
      if (pieces.empty() || pieces.back().bytes.size() + text.size() > limits::frame_bytes) pieces.emplace_back();
      pieces.back().bytes += websocket::frame(text);
      ++pieces.back().frames;
    }
  };

  /// What a listener is handed at once.
  struct slice {
    listener_actor listener;
    outgoing_frames frames;
    size_t viewers;
  };

  /// When messages were published and changes committed, in microseconds since 1970.
  struct begins {
    std::vector<int64_t> published;
    std::vector<int64_t> committed;
  };

  void feed(std::string message, int64_t published) {
    if (viewers.empty()) return set_aside(std::move(message));
    pending_bytes += static_cast<int64_t>(unpacked_bytes(message));
    if (published > 0) waiting.published.push_back(published);
    add_events(message, pending["events"]);
    schedule();
  }

  static void add_events(const std::string& message, std::vector<live_item>& items) {
    const auto batch = unpack(message).and_then([](std::vector<char>&& text) { return decode(std::move(text)); });
    if (!batch) return; // the writer puts it into dead_letters; there is nothing to show
    for (const auto& e : batch->events)
      items.push_back({"events", std::string{e.type}, std::string{e.session_id}, std::string{e.framework},
                       std::string{e.json}, e.id});
  }

  /// While nobody looks, messages are only kept: whoever comes back may ask for what he missed.
  void set_aside(std::string message) {
    const auto bytes = unpacked_bytes(message);
    node->feed_bytes -= static_cast<int64_t>(bytes);
    unseen_bytes += bytes;
    unseen.push_back(std::move(message));
    for (; unseen_bytes > limits::resume_bytes; unseen.pop_front()) {
      unseen_bytes -= unpacked_bytes(unseen.front());
      history.lose();
    }
  }

  /// Nobody can resume across this, and whoever is there is told now.
  void lost() {
    unseen.clear();
    unseen_bytes = 0;
    history.lose();
    counted_from = history.last() + 1;
    for (const auto& each : viewers) tell_gap(each.second.peer, "null");
  }

  std::string tail(const live_filter& filter, uint64_t since) {
    look_at_unseen();
    std::string frames;
    auto last = history.last();
    const bool gap = since != 0 && !history.reaches_back_to(since);
    for (const auto& frame : history.frames()) {
      if (since == 0 || frame.sequence <= since) continue;
      if (frames.size() >= limits::tail_bytes) {
        last = frame.sequence - 1;
        break;
      }
      if (const auto text = render(frame, filter); !text.empty()) frames += (frames.empty() ? "" : ",") + text;
    }
    return "{\"seq\":" + std::to_string(last) + (gap ? ",\"gap\":true" : "") + ",\"frames\":[" + frames + "]}";
  }

  void look_at_unseen() {
    for (const auto& message : std::exchange(unseen, {})) {
      std::vector<live_item> items;
      add_events(message, items);
      history.add(std::move(items));
    }
    unseen_bytes = 0;
  }

  void changed(std::vector<live_change> changes, int64_t committed) {
    if (committed > 0) waiting.committed.push_back(committed);
    for (auto& change : changes) {
      auto& items = pending[change.kind];
      live_item item{std::move(change.kind), {}, std::move(change.session_id), std::move(change.framework),
                     std::move(change.json), {}};
      // A session's newer state takes the place of one that still waits, so that what waits is bounded.
      if (item.kind == "sessions") {
        const auto [known, is_new] = pending_sessions.emplace(item.session_id, items.size());
        if (!is_new) {
          items[known->second] = std::move(item);
          continue;
        }
      }
      items.push_back(std::move(item));
    }
    schedule();
  }

  // -- rounds: one at a time, each brings to the viewers what came during the last ------------

  /// A quiet feed is shown at once. After that the sockets are left alone for as long as the last round took, so that
  /// the more viewers and frames there are, the more events share a frame.
  void schedule() {
    if (flush_due || in_round || (pending.empty() && pending_bytes == 0)) return;
    const auto wait = next_round - self->clock().now();
    if (wait.count() <= 0) return flush();
    flush_due = true;
    self->delayed_send(self, wait, flush_atom_v);
  }

  void flush() {
    flush_due = false;
    in_round = true;
    round_began = self->clock().now();
    shown = std::exchange(waiting, {});
    std::vector<rendering> renderings(audiences.size());
    for (auto& [kind, items] : std::exchange(pending, {})) {
      const auto added = history.add(std::move(items));
      node->counts.live_frames.Increment(static_cast<double>(added));
      const auto& frames = history.frames();
      for (auto frame = frames.end() - static_cast<ptrdiff_t>(added); frame != frames.end(); ++frame) {
        auto into = renderings.begin();
        for (const auto& [filter, members] : audiences) (into++)->add(render(*frame, filter));
      }
    }
    pending_sessions.clear();
    node->feed_bytes -= std::exchange(pending_bytes, 0);
    auto from = renderings.begin();
    for (const auto& [filter, members] : audiences)
      for (auto& one : (from++)->pieces) cut(std::move(one), members);
    push();
  }

  /// One piece for all viewers that want the same, in slices that leave others a turn at the sockets.
  void cut(piece done, const std::map<listener_actor, std::vector<connection_id>>& members) {
    const auto bytes = std::make_shared<const std::string>(std::move(done.bytes));
    for (const auto& [listener, ids] : members) {
      for (auto at = ids.begin(); at != ids.end();) {
        if (slices.empty() || slices.back().listener != listener || slices.back().viewers == limits::push_viewers)
          slices.push_back({listener, {}, 0});
        auto& last = slices.back();
        const auto count =
            std::min<ptrdiff_t>(ids.end() - at, static_cast<ptrdiff_t>(limits::push_viewers - last.viewers));
        last.frames.push_back({{at, at + count}, bytes, done.frames});
        last.viewers += static_cast<size_t>(count);
        at += count;
      }
    }
  }

  void push() {
    if (slices.empty()) return end_round();
    auto next = std::move(slices.front());
    slices.pop_front();
    self->request(next.listener, limits::push_timeout, push_atom_v, std::move(next.frames))
        .then(
            [this](uint64_t dropped) {
              was_shown = true;
              node->counts.live_frames_dropped.Increment(static_cast<double>(dropped));
              push();
            },
            [this](caf::error&) { push(); });
  }

  void end_round() {
    in_round = false;
    const auto at = self->clock().now();
    const auto rest = std::min<caf::timespan>(limits::frame_rest * (at - round_began), limits::frame_interval_max);
    next_round = std::max(round_began + limits::frame_interval, at + rest);
    if (std::exchange(was_shown, false)) {
      const auto time = now().time_since_epoch().count();
      const auto observe = [&](prometheus::Histogram& seconds, const std::vector<int64_t>& since) {
        for (const auto begin : since) seconds.Observe(static_cast<double>(time - begin) / 1e6);
      };
      observe(node->counts.bus_to_viewer_seconds, shown.published);
      observe(node->counts.commit_to_viewer_seconds, shown.committed);
    }
    schedule();
  }

  // -- viewers ------------------------------------------------------------------------------

  void join(const websocket_peer& peer, live_filter filter, uint64_t since) {
    leave(peer.id);
    look_at_unseen();
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
      tell_gap(peer,
               since >= counted_from && since <= history.last() ? std::to_string(history.first() - since - 1) : "null");
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
  uint64_t counted_from = static_cast<uint64_t>(now().time_since_epoch().count()); ///< the first frame since a loss
  live_history history{counted_from};
  std::deque<std::string> unseen;                           ///< messages that came while there was no viewer
  size_t unseen_bytes = 0;                                  ///< of these, unpacked: at most limits::resume_bytes
  std::map<std::string, std::vector<live_item>> pending;    ///< by kind
  std::unordered_map<std::string, size_t> pending_sessions; ///< their places in `pending`
  int64_t pending_bytes = 0;                                ///< of the messages in `pending`; part of feed_bytes
  begins waiting;                                           ///< of what is in `pending`
  bool flush_due = false;
  bool in_round = false;
  begins shown; ///< of what the round shows
  bool was_shown = false;
  std::deque<slice> slices; ///< of the round, not yet handed over
  caf::actor_clock::time_point round_began{};
  caf::actor_clock::time_point next_round{}; ///< not before
  std::unordered_map<connection_id, viewer> viewers;
  std::map<live_filter, std::map<listener_actor, std::vector<connection_id>>> audiences;
  static inline const char* name = "broadcaster";
};

self_actor::behavior_type broadcast(counted_pointer<self_actor, broadcaster_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  node->feed_bytes = 0; // of one that crashed
  return {
      [&state](feed_atom, std::string& message, int64_t published) { state.feed(std::move(message), published); },
      [&state](lost_atom) { state.lost(); },
      [&state](changed_atom, std::vector<live_change>& changes, int64_t committed) {
        state.changed(std::move(changes), committed);
      },
      [&state](join_atom, const websocket_peer& peer, live_filter& filter, uint64_t since) {
        state.join(peer, std::move(filter), since);
      },
      [&state](leave_atom, connection_id id) { state.leave(id); },
      [&state](relieved_atom, connection_id id, uint64_t dropped) { state.relieved(id, dropped); },
      [&state](tail_atom, const live_filter& filter, uint64_t since) { return state.tail(filter, since); },
      [&state](caf::get_atom) { return uint64_t{state.viewers.size()}; },
      [&state](flush_atom) { state.flush(); },
  };
}

} // namespace

broadcaster_actor spawn_broadcaster(caf::actor_system& system, node_context& node) {
  return system.spawn(broadcast, &node);
}

} // namespace agentmon
