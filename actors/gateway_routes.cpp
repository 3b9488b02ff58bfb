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

/// By far the commonest answer.
const response& one_accepted() {
  static const response answer{.status = 202, .body = acknowledgement(std::nullopt, 1, {})};
  return answer;
}

/// Gathers the batches of the requests that came together, so that they travel as one message.
class intake {
public:
  intake(node_context& node, gate_actor gate) : node_{node}, gate_{std::move(gate)} {}

  void take_post(exchange request) {
    auto batch = decode(std::exchange(request.body(), {}));
    if (!batch) return answer(request, answer_of(batch.error()));
    if (request.key()) keep_to(*request.key(), *batch);
    node_.counts.events_rejected.Increment(static_cast<double>(batch->rejections.size()));
    if (batch->events.empty()) return answer(request, refuse_all(*batch));
    auto parts = parts_of(*batch);
    admit(std::move(parts), [&node = node_, request, rejections = std::move(batch->rejections)](
                                const result<uint64_t>& accepted, answers& with) mutable {
      observe(node, request);
      if (accepted == uint64_t{1} && rejections.empty())
        request.answer(one_accepted(), with);
      else if (accepted)
        request.answer({.status = 202, .body = acknowledgement(std::nullopt, *accepted, rejections)}, with);
      else
        request.answer(answer_of(accepted.error()), with);
    });
  }

  void take_frame(websocket_text frame) {
    const auto count = ++frames_[frame.peer().id];
    const auto numbered = open_frame(frame.text());
    const auto sequence = numbered.sequence.value_or(count);
    auto batch = decode(numbered.events);
    if (!batch) return frame.answer(refusal_of(sequence, batch.error(), {}));
    if (const auto key = keys_.find(frame.peer().id); key != keys_.end()) keep_to(*key->second, *batch);
    node_.counts.events_rejected.Increment(static_cast<double>(batch->rejections.size()));
    if (batch->events.empty())
      return frame.answer(refusal_of(sequence, {fault::invalid, none_valid(*batch)}, batch->rejections));
    auto parts = parts_of(*batch);
    admit(std::move(parts), [frame, sequence, rejections = std::move(batch->rejections)](
                                const result<uint64_t>& accepted, answers&) mutable {
      frame.answer(accepted ? acknowledgement(sequence, *accepted, rejections)
                            : refusal_of(sequence, accepted.error(), {}));
    });
  }

  void meet(connection_id producer, const std::shared_ptr<const known_key>& key) {
    if (key) keys_.emplace(producer, key);
  }

  void forget(connection_id producer) {
    frames_.erase(producer);
    keys_.erase(producer);
  }

  void send() {
    if (gathered_.empty()) return;
    bytes_ = 0;
    caf::anon_send(gate_, admit_atom_v, std::exchange(gathered_, {}));
  }

private:
  /// Refuses the events of sources that the key is not for.
  static void keep_to(const known_key& key, event_batch& batch) {
    if (key.about.client_id && refuse_others(batch, *key.about.client_id)) ++key.counts->rejected;
  }

  void admit(std::vector<batch_part> parts, poster::tell told) {
    for (const auto& part : parts) bytes_ += part.json.size();
    gathered_.push_back({std::move(parts), poster{std::move(told)}});
    if (bytes_ >= limits::admit_bytes) send();
  }

  static void observe(node_context& node, const exchange& request) {
    const auto took = std::chrono::steady_clock::now() - request.arrived();
    node.counts.http_seconds.Observe(std::chrono::duration<double>(took).count());
  }

  void answer(exchange& request, const response& refusal) {
    observe(node_, request);
    request.answer(refusal);
  }

  node_context& node_;
  gate_actor gate_;
  admissions gathered_;
  size_t bytes_ = 0;                                   ///< of what is gathered
  std::unordered_map<connection_id, uint64_t> frames_; ///< of each producer, for those that do not number them
  std::unordered_map<connection_id, std::shared_ptr<const known_key>> keys_; ///< of those who came with one
};

} // namespace

application gateway_routes(node_context& node, const gate_actor& gate) {
  return [&node, gate](worker_context& context) {
    router routes;
    const auto at = ingest_door(node);
    guard(routes, at);
    add_common_routes(routes, node, "journal");
    const auto in = std::make_shared<intake>(node, gate);
    context.round_ended = [in] { in->send(); };
    routes.on("POST", "/v1/events", [in](worker_context&, exchange request) { in->take_post(std::move(request)); });
    websocket_handlers socket;
    socket.text = [in](worker_context&, websocket_text frame) { in->take_frame(std::move(frame)); };
    socket.opened = [in](worker_context&, const websocket_peer& peer, exchange& request) {
      in->meet(peer.id, request.key());
    };
    socket.closed = [in](worker_context&, const websocket_peer& peer) { in->forget(peer.id); };
    routes.websocket("/v1/ws", watched(node, at, std::move(socket)));
    return routes;
  };
}

} // namespace agentmon
