#include "http/worker.hpp"

#include "http/counted_actor.hpp"
#include "http/request.hpp"
#include "http/websocket.hpp"
#include "protocol/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <exception>
#include <unordered_map>
#include <vector>

namespace agentmon {
namespace {

class listener_outlet : public outlet {
public:
  explicit listener_outlet(listener_actor listener) : listener_{std::move(listener)} {}
  void answer(std::vector<answered> all) override { caf::anon_send(listener_, answer_atom_v, std::move(all)); }
  void tunnel(connection_id from, int32_t fd, std::string first_bytes) override {
    caf::anon_send(listener_, adopt_atom_v, from, fd, std::move(first_bytes));
  }
  const listener_actor& listener() const { return listener_; }

private:
  listener_actor listener_;
};

struct worker_state {
  explicit worker_state(worker_actor::pointer self) : context{self} {}

  void serve(const std::shared_ptr<listener_outlet>&, served&, answers&);
  void end_round();
  void open(const websocket_handlers&, exchange, const listener_actor&);
  void text(served&);
  void gone(connection_id);
  void congested(connection_id, bool, uint64_t dropped);
  std::shared_ptr<listener_outlet> sender();

  struct open_socket {
    const websocket_handlers* handlers;
    websocket_peer peer;
  };

  worker_context context;
  router routes;
  std::unordered_map<connection_id, open_socket> sockets;
  std::vector<std::shared_ptr<listener_outlet>> outlets; // one for each listener served, so nearly always one
  static inline const char* name = "worker";
};

/// Calls a handler; what it throws is logged and goes no further. False when it threw.
template <class Call>
bool guarded(std::string_view what, Call call) {
  try {
    call();
    return true;
  } catch (const std::exception& thrown) {
    log::error("http", "a handler failed", {{"handler", what}, {"reason", thrown.what()}});
    return false;
  }
}

std::shared_ptr<listener_outlet> worker_state::sender() {
  const auto& sender = context.self->current_sender();
  const auto known =
      std::find_if(outlets.begin(), outlets.end(), [&](const auto& o) { return o->listener() == sender; });
  if (known != outlets.end()) return *known;
  return outlets.emplace_back(std::make_shared<listener_outlet>(caf::actor_cast<listener_actor>(sender)));
}

void worker_state::serve(const std::shared_ptr<listener_outlet>& out, served& whole, answers& refused) {
  const bool handshake = (whole.flags & serve_flags::upgrade) != 0;
  answer_form form{.keep_alive = (whole.flags & serve_flags::keep_alive) != 0};
  auto request = parse_request(whole.bytes);
  if (!request) return refused.add(out, {whole.from, to_bytes(to_response(request.error()), form), !form.keep_alive});
  form.head = request->method == "HEAD";
  form.accepts_gzip = accepts_gzip(request->get_header_value("Accept-Encoding"));
  exchange asked{out,
                 whole.from,
                 std::move(*request),
                 form,
                 handshake ? std::move(whole.bytes) : std::string{},
                 whole.arrived,
                 std::move(whole.share)};
  const websocket_handlers* socket = nullptr;
  if (!guarded(asked.request().path, [&] { socket = routes.route(context, asked, handshake); }))
    asked.answer(error(500, "internal", "The request could not be answered; this is a fault of the server."));
  if (socket) open(*socket, std::move(asked), out->listener());
}

void worker_state::end_round() {
  guarded("end of round", [&] {
    if (context.round_ended) context.round_ended();
  });
}

void worker_state::open(const websocket_handlers& handlers, exchange asked, const listener_actor& listener) {
  const auto accepted = websocket_handshake(asked.request());
  if (!accepted) return asked.answer(to_response(accepted.error()));
  const bool asked_well = guarded("websocket admit", [&] {
    if (!handlers.admit) return;
    if (auto refused = handlers.admit(context, asked)) asked.answer(*refused);
  });
  if (!asked_well) asked.answer(error(500, "internal", "The handshake could not be answered; this is our fault."));
  if (asked.answered()) return;
  const auto id = asked.connection();
  asked.release();
  context.self->send(listener, upgrade_atom_v, id, *accepted);
  const auto& entry = sockets.insert_or_assign(id, open_socket{&handlers, {listener, id}}).first->second;
  guarded("websocket opened", [&] {
    if (handlers.opened) handlers.opened(context, entry.peer, asked);
  });
}

void worker_state::text(served& message) {
  const auto found = sockets.find(message.from);
  if (found == sockets.end()) return;
  const auto open = found->second;
  websocket_text received{open.peer, std::move(message.bytes), std::move(message.share)};
  guarded("websocket text", [&] {
    if (open.handlers->text) open.handlers->text(context, received);
  });
}

void worker_state::gone(connection_id id) {
  const auto node = sockets.extract(id);
  if (node.empty()) return;
  const auto& open = node.mapped();
  guarded("websocket closed", [&] {
    if (open.handlers->closed) open.handlers->closed(context, open.peer);
  });
}

void worker_state::congested(connection_id id, bool now, uint64_t dropped) {
  const auto found = sockets.find(id);
  if (found == sockets.end()) return;
  const auto open = found->second;
  guarded("websocket congested", [&] {
    if (open.handlers->congested) open.handlers->congested(context, open.peer, now, dropped);
  });
}

worker_actor::behavior_type worker(counted_pointer<worker_actor, worker_state> self, const application& app) {
  self->state.routes = app(self->state.context);
  return {
      [self](serve_atom, std::vector<served>& all) {
        const auto out = self->state.sender();
        answers refused;
        for (auto& each : all) self->state.serve(out, each, refused);
        self->state.end_round();
      },
      [self](text_atom, served& message) {
        self->state.text(message);
        self->state.end_round();
      },
      [self](gone_atom, connection_id id) { self->state.gone(id); },
      [self](congested_atom, connection_id id, bool now, uint64_t dropped) { self->state.congested(id, now, dropped); },
  };
}

} // namespace

worker_actor spawn_worker(caf::actor_system& system, application app) { return system.spawn(worker, std::move(app)); }

void send_text(const websocket_peer& peer, std::string_view text) {
  caf::anon_send(peer.listener, push_atom_v,
                 outgoing_frames{{{peer.id}, std::make_shared<const std::string>(websocket::frame(text))}});
}

void close(const websocket_peer& peer, uint16_t code, std::string_view reason) {
  caf::anon_send(peer.listener, close_atom_v, peer.id, code, std::string{reason});
}

struct websocket_text::state {
  state(websocket_peer from, std::string message, held kept)
      : peer{std::move(from)}, text{std::move(message)}, share{std::move(kept)} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    share = {}; // before the listener looks
    caf::anon_send(peer.listener, taken_atom_v, peer.id);
  }
  websocket_peer peer;
  std::string text;
  held share;
};

websocket_text::websocket_text(websocket_peer peer, std::string text, held share)
    : state_{std::make_shared<state>(std::move(peer), std::move(text), std::move(share))} {}

const websocket_peer& websocket_text::peer() const { return state_->peer; }

std::string& websocket_text::text() { return state_->text; }

void websocket_text::answer(std::string_view json) { send_text(state_->peer, json); }

} // namespace agentmon
