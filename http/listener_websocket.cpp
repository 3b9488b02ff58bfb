#include "http/listener_state.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <unistd.h>

namespace agentmon {

// -- WebSockets ------------------------------------------------------------------

void listener_state::upgrade(connection_id id, const std::string& handshake) {
  auto* c = find(id);
  if (!c || c->phase != phase::answering) {
    // The client has gone before the answer came: its worker believes in a WebSocket that never was.
    if (const auto& worker = self_->current_sender())
      self_->send(caf::actor_cast<worker_actor>(worker), gone_atom_v, id);
    return;
  }
  now_ = std::chrono::steady_clock::now();
  c->phase = phase::websocket;
  c->socket = std::make_unique<websocket>();
  c->heard = c->pinged = now_;
  // The first ping sooner or later, so that viewers who came all at once are not pinged all at once for ever.
  constexpr int spread = 32;
  c->deadline = now_ + settings_.ping_interval * static_cast<int>(spread - id.value % (spread / 2)) / spread;
  ++stats_.websockets;
  if (!send(*c, handshake)) return;
  if (draining_ && !say_goodbye(*c, 1001, "the server is stopping")) return;
  const auto early = std::exchange(c->in, {});
  buffered_ -= early.size();
  if (!early.empty() && !websocket_received(*c, early)) return;
  if (c->unanswered < settings_.websocket_unanswered) unhalt(*c);
}

bool listener_state::websocket_received(connection& c, std::string_view bytes) {
  c.heard = now_;
  for (auto& text : c.socket->feed(bytes)) {
    ++c.unanswered;
    self_->send(workers_[c.worker], text_atom_v, to_worker(c, std::move(text), 0));
  }
  if (!send(c, c.socket->take_output())) return false;
  if (c.socket->closed()) return finish(c);
  // Its own texts are in hand, so that it is heard of again (taken) when there is room.
  if (c.unanswered >= settings_.websocket_unanswered || (c.unanswered > 0 && overloaded(0))) halt(c);
  return true;
}

void listener_state::taken(connection_id id) {
  auto* c = find(id);
  if (!c || c->phase != phase::websocket || c->unanswered == 0) return;
  --c->unanswered;
  if (c->unanswered == 0 || (c->unanswered <= settings_.websocket_unanswered / 2 && !overloaded(0))) unhalt(*c);
}

uint64_t listener_state::push(const outgoing_frames& all) {
  now_ = std::chrono::steady_clock::now();
  uint64_t dropped = 0;
  for (const auto& one : all) {
    for (const auto id : one.to) {
      auto* c = find(id);
      if (!c || c->phase != phase::websocket || c->socket->close_sent()) continue;
      if (c->congested) {
        c->dropped += one.frames;
        dropped += one.frames;
        continue;
      }
      if (!send(*c, *one.bytes) || c->unsent <= settings_.viewer_backlog) continue;
      c->congested = true;
      self_->send(workers_[c->worker], congested_atom_v, id, true, uint64_t{0});
    }
  }
  return dropped;
}

/// Some of what was unsent is on its way: whoever waits for that may go on.
void listener_state::drained(connection& c) {
  if (c.congested && c.unsent < settings_.viewer_backlog / 10) {
    c.congested = false;
    self_->send(workers_[c.worker], congested_atom_v, c.id, false, std::exchange(c.dropped, 0));
  }
  if (c.phase != phase::tunnel || c.unsent > settings_.tunnel_backlog / 2) return;
  if (auto* other = find(c.other)) unhalt(*other);
}

void listener_state::close(connection_id id, uint16_t code, const std::string& reason) {
  auto* c = find(id);
  if (!c || c->phase != phase::websocket) return;
  now_ = std::chrono::steady_clock::now();
  say_goodbye(*c, code, reason);
}

bool listener_state::say_goodbye(connection& c, uint16_t code, std::string_view reason) {
  c.socket->close(code, reason);
  c.deadline = now_ + settings_.linger_timeout; // for the client's own goodbye
  unhalt(c);
  return send(c, c.socket->take_output());
}

/// A WebSocket's deadline: time for a ping, or it has been silent for too long.
bool listener_state::keep_alive(connection& c) {
  if (c.socket->close_sent() || now_ >= c.heard + settings_.pong_timeout) {
    if (!c.socket->close_sent()) ++stats_.timed_out;
    return finish(c);
  }
  c.socket->ping();
  c.deadline = now_ + settings_.ping_interval;
  return send(c, c.socket->take_output());
}

void listener_state::end_websocket(connection& c) {
  if (!c.socket) return;
  c.socket.reset();
  c.congested = false;
  --stats_.websockets;
  self_->send(workers_[c.worker], gone_atom_v, c.id);
}

// -- tunnels -----------------------------------------------------------------------

void listener_state::adopt(connection_id id, int32_t fd, const std::string& first_bytes) {
  auto* browser = find(id);
  if (!browser || browser->phase != phase::answering || fd < 0) {
    if (fd >= 0) ::close(fd);
    return;
  }
  now_ = std::chrono::steady_clock::now();
  auto& server = add(self_->add_scribe(fd), browser->worker);
  server.phase = browser->phase = phase::tunnel;
  server.deadline = browser->deadline = time_point::max();
  server.other = browser->id;
  browser->other = server.id;
  const auto early = std::exchange(browser->in, {});
  buffered_ -= early.size();
  if (!send(server, first_bytes + early)) return;
  unhalt(*browser);
}

bool listener_state::tunnel_received(connection& c, std::string_view bytes) {
  auto* other = find(c.other);
  if (!other || other->phase != phase::tunnel) return finish(c);
  const auto id = c.id;
  if (!send(*other, bytes)) return find(id) != nullptr;
  if (other->unsent > settings_.tunnel_backlog) halt(c);
  return true;
}

} // namespace agentmon
