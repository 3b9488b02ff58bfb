#include "actors/intake.hpp"

#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>

#include <map>

namespace agentmon {
namespace {

using self_actor = intake_actor::extend<caf::reacts_to<settled_atom, uint64_t, uint64_t, uint8_t, std::string>>;

struct intake_state {
  explicit intake_state(self_actor::pointer actor) : self{actor} {}

  caf::result<uint64_t> take(std::vector<forwarded_part>& parts) {
    if (waiting.size() >= limits::forwards_waiting)
      return to_error({fault::overload, "this node has as many batches of others in hand as it can"});
    admission one{{},
                  poster{[to = caf::actor_cast<self_actor>(self), ticket = ++last,
                          n = node](const result<uint64_t>& outcome, answers&) {
                    // Here, where the gate counts them as accepted, too.
                    if (outcome) n->counts.events_taken_over.Increment(static_cast<double>(*outcome));
                    const auto why = outcome ? failure{} : outcome.error();
                    caf::anon_send(to, settled_atom_v, ticket, outcome.value_or(0),
                                   outcome ? uint8_t{0} : static_cast<uint8_t>(why.code), why.message);
                  }}};
    for (auto& part : parts) {
      if (part.json.empty() || part.json.size() > limits::record_bytes || part.events == 0)
        return to_error({fault::invalid, "what was forwarded is no journal record"});
      one.parts.push_back({std::move(part.json), part.events});
    }
    if (one.parts.empty()) return uint64_t{0};
    admissions all;
    all.push_back(std::move(one));
    auto promise = self->make_response_promise<uint64_t>();
    waiting.emplace(last, promise);
    self->send(gate, admit_atom_v, std::move(all));
    return promise;
  }

  void settle(uint64_t ticket, uint64_t events, uint8_t code, const std::string& why) {
    const auto found = waiting.find(ticket);
    if (found == waiting.end()) return;
    if (code == 0)
      found->second.deliver(events);
    else
      found->second.deliver(to_error({static_cast<fault>(code), why}));
    waiting.erase(found);
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  gate_actor gate;
  std::map<uint64_t, caf::typed_response_promise<uint64_t>> waiting; ///< each settled by the gate in the end
  uint64_t last = 0;
  static inline const char* name = "intake";
};

self_actor::behavior_type take_in(counted_pointer<self_actor, intake_state> self, node_context* node, gate_actor gate) {
  auto& state = self->state;
  state.node = node;
  state.gate = std::move(gate);
  return {
      [&state](forward_atom, std::vector<forwarded_part>& parts) { return state.take(parts); },
      [&state](settled_atom, uint64_t ticket, uint64_t events, uint8_t code, const std::string& why) {
        state.settle(ticket, events, code, why);
      },
  };
}

} // namespace

intake_actor spawn_intake(caf::actor_system& system, node_context& node, gate_actor gate) {
  return system.spawn(take_in, &node, std::move(gate));
}

} // namespace agentmon
