#include "actors/ingest.hpp"
#include "actors/routes.hpp"
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>

#include <memory>
#include <unordered_map>

namespace agentmon {
namespace {

void answer_events(worker_context& context, node_context& node, const gate_actor& gate, exchange request) {
  auto batch = decode(request.body());
  if (!batch) return request.answer(answer_of(batch.error()));
  node.counts.events_rejected.Increment(static_cast<double>(batch->rejections.size()));
  if (batch->events.empty()) return request.answer(refuse_all(*batch));
  context.self->request(gate, limits::answer_timeout, admit_atom_v, parts_of(*batch))
      .then(
          [request, rejections = std::move(batch->rejections)](uint64_t accepted) mutable {
            request.answer({.status = 202, .body = acknowledgement(std::nullopt, accepted, rejections)});
          },
          [request](caf::error& e) mutable { request.answer(answer_of(to_failure(e))); });
}

/// Counts the frames of each producer that does not number them itself.
using frame_counts = std::unordered_map<connection_id, uint64_t>;

void answer_frame(worker_context& context, node_context& node, const gate_actor& gate, uint64_t count,
                  websocket_text frame) {
  const auto numbered = open_frame(frame.text());
  const auto sequence = numbered.sequence.value_or(count);
  auto batch = decode(numbered.events);
  if (!batch) return frame.answer(refusal_of(sequence, batch.error(), {}));
  node.counts.events_rejected.Increment(static_cast<double>(batch->rejections.size()));
  if (batch->events.empty())
    return frame.answer(refusal_of(sequence, {fault::invalid, none_valid(*batch)}, batch->rejections));
  context.self->request(gate, limits::answer_timeout, admit_atom_v, parts_of(*batch))
      .then([frame, sequence, rejections = std::move(batch->rejections)](
                uint64_t accepted) mutable { frame.answer(acknowledgement(sequence, accepted, rejections)); },
            [frame, sequence](caf::error& e) mutable { frame.answer(refusal_of(sequence, to_failure(e), {})); });
}

} // namespace

application gateway_routes(node_context& node, const gate_actor& gate) {
  return [&node, gate](worker_context&) {
    router routes;
    guard(routes, node.config.ingest_token);
    add_common_routes(routes, node, "journal");
    routes.on("POST", "/v1/events", [&node, gate](worker_context& context, exchange request) {
      answer_events(context, node, gate, std::move(request));
    });
    auto counts = std::make_shared<frame_counts>();
    websocket_handlers socket;
    socket.text = [&node, gate, counts](worker_context& context, websocket_text frame) {
      const auto count = ++(*counts)[frame.peer().id];
      answer_frame(context, node, gate, count, std::move(frame));
    };
    socket.closed = [counts](worker_context&, const websocket_peer& peer) { counts->erase(peer.id); };
    routes.websocket("/v1/ws", std::move(socket));
    return routes;
  };
}

} // namespace agentmon
