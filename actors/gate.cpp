#include "actors/gate.hpp"

#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>

#include <map>

namespace agentmon {
namespace {

using self_actor = gate_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct gate_state {
  explicit gate_state(self_actor::pointer actor) : self{actor} {}

  struct waiting {
    poster from;
    size_t bytes;
    uint64_t events;
    caf::actor_clock::time_point admitted;
  };

  void admit(admissions& all) {
    answers refused;
    ticketed_batches admitted;
    admitted.reserve(all.size());
    const auto now = self->clock().now();
    for (auto& each : all) {
      size_t bytes = 0;
      uint64_t events = 0;
      for (const auto& part : each.parts) {
        bytes += part.json.size();
        events += part.events;
      }
      // A batch of any size may enter an empty window, so that none is locked out for ever.
      if (bytes_in_flight > 0 && bytes_in_flight + bytes > limits::window_bytes) {
        refuse(each.from, {fault::overload, "the gateway has as much in hand as it can; send it again in a second"},
               refused);
        continue;
      }
      tickets.emplace_hint(tickets.end(), ++last_ticket, waiting{std::move(each.from), bytes, events, now});
      bytes_in_flight += bytes;
      admitted.push_back({last_ticket, std::move(each.parts)});
    }
    measure();
    if (!admitted.empty()) self->send(journal, append_atom_v, std::move(admitted));
  }

  void synced(const std::vector<uint64_t>& done, uint8_t code, const std::string& reason) {
    answers told;
    double accepted = 0;
    const auto now = self->clock().now();
    for (const auto ticket : done) {
      const auto found = tickets.find(ticket);
      if (found == tickets.end()) continue; // timed out: the client was told that the outcome is unknown
      auto& [from, bytes, events, admitted] = found->second;
      if (code == 0) {
        accepted += static_cast<double>(events);
        node->counts.journal_wait_seconds.Observe(std::chrono::duration<double>(now - admitted).count());
        from.settle(events, told);
      } else
        refuse(from, {static_cast<fault>(code), reason}, told);
      forget(found);
    }
    node->counts.events_accepted.Increment(accepted);
    measure();
  }

  /// Tickets are given in time order, so the oldest stand first.
  void expire(caf::actor_clock::time_point now) {
    answers told;
    while (!tickets.empty() && tickets.begin()->second.admitted + limits::sync_timeout <= now) {
      tickets.begin()->second.from.settle(
          fail(fault::timeout, "the disk did not confirm in time; send it again, nothing is counted twice"), told);
      forget(tickets.begin());
    }
    measure();
  }

  void refuse(poster& from, failure why, answers& told) const {
    node->counts.batches_refused.Increment();
    from.settle(tl::unexpected{std::move(why)}, told);
  }

  void forget(std::map<uint64_t, waiting>::iterator ticket) {
    bytes_in_flight -= ticket->second.bytes;
    tickets.erase(ticket);
  }

  void measure() const { node->counts.window_bytes.Set(static_cast<double>(bytes_in_flight)); }

  self_actor::pointer self;
  node_context* node = nullptr;
  journal_actor journal;
  std::map<uint64_t, waiting> tickets;
  uint64_t last_ticket = 0;
  size_t bytes_in_flight = 0;
  static inline const char* name = "gate";
};

self_actor::behavior_type gate(counted_pointer<self_actor, gate_state> self, node_context* node,
                               journal_actor journal) {
  self->state.node = node;
  self->state.journal = std::move(journal);
  self->delayed_send(self, limits::connection_tick, caf::tick_atom_v);
  return {
      [self](admit_atom, admissions& all) { self->state.admit(all); },
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
