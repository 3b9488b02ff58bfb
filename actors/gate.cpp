#include "actors/gate.hpp"

#include "protocol/limits.hpp"

#include <caf/all.hpp>

#include <map>
#include <numeric>

namespace agentmon {
namespace {

using self_actor = gate_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct gate_state {
  explicit gate_state(self_actor::pointer actor) : self{actor} {}

  struct waiting {
    caf::typed_response_promise<uint64_t> promise;
    size_t bytes;
    uint64_t events;
    caf::actor_clock::time_point deadline;
  };

  caf::result<uint64_t> admit(std::vector<batch_part> parts) {
    const auto bytes = std::accumulate(parts.begin(), parts.end(), size_t{0},
                                       [](size_t sum, const batch_part& part) { return sum + part.json.size(); });
    // A batch of any size may enter an empty window, so that none is locked out for ever.
    if (bytes_in_flight > 0 && bytes_in_flight + bytes > limits::window_bytes) {
      node->counts.batches_refused.Increment();
      return to_error({fault::overload, "the gateway has as much in hand as it can; send it again in a second"});
    }
    const auto events = std::accumulate(parts.begin(), parts.end(), uint64_t{0},
                                        [](uint64_t sum, const batch_part& part) { return sum + part.events; });
    auto promise = self->make_response_promise<uint64_t>();
    tickets.emplace(++last_ticket, waiting{promise, bytes, events, self->clock().now() + limits::sync_timeout});
    change_window(static_cast<double>(bytes));
    bytes_in_flight += bytes;
    self->send(journal, append_atom_v, last_ticket, std::move(parts));
    return promise;
  }

  void synced(const std::vector<uint64_t>& done, uint8_t code, const std::string& reason) {
    for (const auto ticket : done) {
      const auto found = tickets.find(ticket);
      if (found == tickets.end()) continue; // timed out: the client was told that the outcome is unknown
      if (code == 0) {
        node->counts.events_accepted.Increment(static_cast<double>(found->second.events));
        found->second.promise.deliver(found->second.events);
      } else {
        node->counts.batches_refused.Increment();
        found->second.promise.deliver(to_error({static_cast<fault>(code), reason}));
      }
      forget(found);
    }
  }

  /// Tickets are given in time order, so the oldest stand first.
  void expire(caf::actor_clock::time_point at) {
    while (!tickets.empty() && tickets.begin()->second.deadline <= at) {
      tickets.begin()->second.promise.deliver(
          to_error({fault::timeout, "the disk did not confirm in time; send it again, nothing is counted twice"}));
      forget(tickets.begin());
    }
  }

  void forget(std::map<uint64_t, waiting>::iterator ticket) {
    bytes_in_flight -= ticket->second.bytes;
    change_window(-static_cast<double>(ticket->second.bytes));
    tickets.erase(ticket);
  }

  void change_window(double bytes) const { node->counts.window_bytes.Increment(bytes); }

  self_actor::pointer self;
  node_context* node = nullptr;
  journal_actor journal;
  std::map<uint64_t, waiting> tickets;
  uint64_t last_ticket = 0;
  size_t bytes_in_flight = 0;
  static inline const char* name = "gate";
};

self_actor::behavior_type gate(self_actor::stateful_pointer<gate_state> self, node_context* node,
                               journal_actor journal) {
  self->state.node = node;
  self->state.journal = std::move(journal);
  self->delayed_send(self, limits::connection_tick, caf::tick_atom_v);
  return {
      [self](admit_atom, std::vector<batch_part>& parts) { return self->state.admit(std::move(parts)); },
      [self](synced_atom, const std::vector<uint64_t>& tickets, uint8_t code, const std::string& reason) {
        self->state.synced(tickets, code, reason);
      },
      [self](caf::tick_atom) {
        self->state.expire(self->clock().now());
        self->delayed_send(self, limits::connection_tick, caf::tick_atom_v);
      },
  };
}

} // namespace

gate_actor spawn_gate(caf::actor_system& system, node_context& node, journal_actor journal) {
  return system.spawn(gate, &node, std::move(journal));
}

} // namespace agentmon
