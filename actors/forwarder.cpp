#include "actors/forwarder.hpp"

#include "actors/backoff.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>

namespace agentmon {
namespace {

using self_actor = forwarder_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct forwarder_state {
  explicit forwarder_state(self_actor::pointer actor) : self{actor} {}

  /// Begins behind what is committed; records that another gate got without our hearing of it are sent again there.
  void start() {
    self->request(journal, limits::answer_timeout, position_atom_v)
        .then(
            [this](const journal_position& at) {
              next = at.first_uncommitted;
              read();
            },
            [this](caf::error&) { later(); });
  }

  void read() {
    self->request(journal, limits::answer_timeout, read_atom_v, next, uint64_t{limits::forward_bytes})
        .then(
            [this](journal_records& records) {
              if (records.empty()) {
                if (gate()) node->status.set("gate", condition::up);
                return read();
              }
              batch.clear();
              for (auto& record : records) {
                batch.push_back({std::move(record.payload), record.events});
                last = record.number;
              }
              send();
            },
            [this](caf::error&) { later(); });
  }

  /// Of several gates, the one that answered last is asked again; after a failure, the next one.
  std::optional<roster::reached> gate() {
    std::vector<roster::reached> gates;
    for (auto& each : node->members.others())
      if (each.who.has_gate) gates.push_back(std::move(each));
    if (gates.empty()) return std::nullopt;
    return std::move(gates[turn % gates.size()]);
  }

  void send() {
    const auto to = gate();
    if (!to) return lose("no node with a gate is reached");
    self->request(to->handle, limits::forward_timeout, forward_atom_v, batch)
        .then(
            [this](uint64_t) {
              node->status.set("gate", condition::up);
              retry.reset();
              handed_over += batch.size();
              next = last + 1;
              batch.clear();
              self->send(journal, committed_atom_v, last);
              read();
            },
            [this, whom = to->who.name](caf::error& e) {
              ++turn;
              lose("node " + whom + " did not take events: " + to_failure(e).message);
            });
  }

  void lose(const std::string& why) {
    node->status.set("gate", condition::away, why + "; events wait in the journal");
    later();
  }

  void later() { self->delayed_send(self, retry.next(), caf::tick_atom_v); }

  void again() {
    if (next == 0) return start();
    if (batch.empty()) return read();
    send();
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  journal_actor journal;
  uint64_t next = 0; ///< record to be read; 0: not known yet
  uint64_t last = 0; ///< in the batch
  std::vector<forwarded_part> batch;
  size_t turn = 0; ///< which of the gates
  uint64_t handed_over = 0;
  backoff retry{limits::forward_retry_min, limits::forward_retry_max};
  static inline const char* name = "forwarder";
};

self_actor::behavior_type carry(counted_pointer<self_actor, forwarder_state> self, node_context* node,
                                journal_actor journal) {
  auto& state = self->state;
  state.node = node;
  state.journal = std::move(journal);
  node->status.expect("gate");
  self->send(self, caf::tick_atom_v);
  return {
      [&state](caf::get_atom) { return state.handed_over; },
      [&state](caf::tick_atom) { state.again(); },
  };
}

} // namespace

forwarder_actor spawn_forwarder(caf::actor_system& system, node_context& node, journal_actor journal) {
  return system.spawn(carry, &node, std::move(journal));
}

} // namespace agentmon
