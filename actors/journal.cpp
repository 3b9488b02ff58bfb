#include "actors/journal.hpp"

#include "actors/backoff.hpp"
#include "http/counted_actor.hpp"
#include "journal/journal.hpp"

#include <caf/all.hpp>

namespace agentmon {
namespace {

using self_actor =
    journal_actor::extend<caf::reacts_to<flush_atom>, caf::reacts_to<open_atom>, caf::reacts_to<caf::tick_atom>>;

struct journal_state {
  explicit journal_state(self_actor::pointer actor) : self{actor} {}

  struct ticket {
    caf::strong_actor_ptr gate;
    uint64_t number;
  };

  void open() {
    auto opened = journal::open({.path = node->config.data_dir / "journal", .bound_bytes = node->config.journal_bytes});
    if (!opened) {
      node->status.set("journal", condition::away, opened.error().message);
      self->delayed_send(self, retry.next(), open_atom_v);
      return;
    }
    files.emplace(std::move(*opened));
    node->status.set("journal", condition::up);
    measure();
  }

  void append(const ticketed_batches& batches) {
    const auto gate = self->current_sender();
    const bool flush_is_due = group.empty();
    for (const auto& batch : batches) {
      if (const auto appended = append(batch.parts))
        group.push_back({gate, batch.ticket});
      else
        refuse({{gate, batch.ticket}}, appended.error());
    }
    // Whatever is in the mailbox by now rides on the same sync.
    if (flush_is_due && !group.empty()) self->send(self, flush_atom_v);
  }

  result<void> append(const std::vector<batch_part>& parts) {
    if (!files) return fail(fault::unavailable, "the journal is not open: see /readyz");
    pieces.clear();
    for (const auto& part : parts) pieces.push_back({part.json, part.events});
    auto appended = files->append(pieces);
    if (!appended) tell_room(appended.error());
    return appended;
  }

  void flush() {
    if (group.empty() || !files) return;
    const auto begin = std::chrono::steady_clock::now();
    const auto synced = files->sync();
    node->counts.journal_sync_seconds.Observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    node->counts.journal_syncs.Increment();
    measure(); // first, so that who was answered 202 finds the events among those that wait
    auto done = std::exchange(group, {});
    if (synced) {
      answer(done, 0, {});
      node->status.set("journal", condition::up);
    } else {
      tell_room(synced.error());
      refuse(done, synced.error());
    }
    answer_reader();
  }

  void refuse(const std::vector<ticket>& tickets, const failure& why) {
    answer(tickets, static_cast<uint8_t>(why.code), why.message);
  }

  /// One message for each gate, whatever the number of its tickets.
  void answer(const std::vector<ticket>& tickets, uint8_t code, const std::string& reason) {
    for (auto from = tickets.begin(); from != tickets.end();) {
      std::vector<uint64_t> numbers;
      const auto gate = from->gate;
      for (; from != tickets.end() && from->gate == gate; ++from) numbers.push_back(from->number);
      self->send(caf::actor_cast<gate_actor>(gate), synced_atom_v, std::move(numbers), code, reason);
    }
  }

  void tell_room(const failure& why) { node->status.set("journal", condition::away, why.message); }

  caf::result<journal_records> read(uint64_t from, uint64_t bytes) {
    if (!files) return to_error({fault::unavailable, "the journal is not open"});
    if (reader) reader->promise.deliver(journal_records{});
    auto promise = self->make_response_promise<journal_records>();
    reader = waiting_reader{promise, from, bytes};
    answer_reader();
    return promise;
  }

  void answer_reader(bool even_if_empty = false) {
    if (!reader) return;
    auto records = files->read(reader->from, reader->bytes);
    if (!records) {
      reader->promise.deliver(to_error(records.error()));
    } else {
      if (records->empty() && !even_if_empty) return;
      reader->promise.deliver(std::move(*records));
    }
    reader.reset();
  }

  void committed(uint64_t number) {
    if (!files) return;
    files->committed(number);
    measure();
    look_for_room();
  }

  /// Who sends clients only to a gateway that is ready would otherwise never send the one that shows that there is room
  /// again.
  void look_for_room() {
    if (!node->status.is_up("journal") && files->has_room()) node->status.set("journal", condition::up);
  }

  caf::result<journal_position> position() const {
    if (!files) return to_error({fault::unavailable, "the journal is not open"});
    return journal_position{to_string(files->id()), files->first_uncommitted(), files->last(), files->bytes(),
                            files->events_waiting()};
  }

  void measure() const {
    node->counts.journal_bytes.Set(static_cast<double>(files->bytes()));
    node->counts.journal_events_waiting.Set(static_cast<double>(files->events_waiting()));
  }

  struct waiting_reader {
    caf::typed_response_promise<journal_records> promise;
    uint64_t from;
    uint64_t bytes;
  };

  self_actor::pointer self;
  node_context* node = nullptr;
  std::optional<journal> files;
  std::vector<ticket> group;
  std::vector<journal::piece> pieces; ///< of one batch, kept for its memory
  std::optional<waiting_reader> reader;
  backoff retry{limits::store_retry_min, limits::store_retry_max};
  static inline const char* name = "journal";
};

self_actor::behavior_type keep_journal(counted_pointer<self_actor, journal_state> self, node_context* node) {
  self->state.node = node;
  node->status.expect("journal");
  self->send(self, open_atom_v);
  self->delayed_send(self, limits::journal_poll, caf::tick_atom_v);
  auto& state = self->state;
  return {
      [&state](append_atom, const ticketed_batches& batches) { state.append(batches); },
      [&state](read_atom, uint64_t from, uint64_t bytes) { return state.read(from, bytes); },
      [&state](committed_atom, uint64_t number) { state.committed(number); },
      [&state](position_atom) { return state.position(); },
      [&state](flush_atom) { state.flush(); },
      [&state](open_atom) { state.open(); },
      [self, &state](caf::tick_atom) {
        if (state.files) {
          state.answer_reader(true);
          state.look_for_room();
        }
        self->delayed_send(self, limits::journal_poll, caf::tick_atom_v);
      },
  };
}

} // namespace

journal_actor spawn_journal(caf::actor_system& system, node_context& node) {
  return system.spawn<caf::detached>(keep_journal, &node);
}

} // namespace agentmon
