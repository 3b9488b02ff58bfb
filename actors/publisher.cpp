#include "actors/publisher.hpp"

#include "actors/bus_link.hpp"
#include "actors/delivery_check.hpp"
#include "actors/ledger.hpp"
#include "bus/claim.hpp"
#include "bus/publish.hpp"
#include "bus/stream.hpp"
#include "http/counted_actor.hpp"
#include "protocol/log.hpp"
#include "protocol/uuid.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <map>

namespace agentmon {
namespace {

using self_actor = publisher_actor::extend<caf::reacts_to<open_atom>, caf::reacts_to<lost_atom, uint64_t, std::string>,
                                           caf::reacts_to<acked_atom, uint64_t, uint64_t, uint64_t>,
                                           caf::reacts_to<refused_atom, uint64_t, uint64_t, std::string>,
                                           caf::reacts_to<caf::tick_atom>>;

struct publisher_state {
  explicit publisher_state(self_actor::pointer actor) : self{actor} {}

  struct unanswered {
    size_t bytes;
    caf::actor_clock::time_point sent;
    std::optional<uint64_t> sequence; ///< acknowledged, but an earlier one is not yet
  };

  // -- epochs ----------------------------------------------------------------------------

  void open() {
    close();
    if (auto opened = link.open(*node); !opened) return lose(opened.error().message);
    if (auto entered = enter_stream(); !entered) return lose(entered.error().message);
    const auto epoch = link.epoch();
    const auto handle = caf::actor_cast<self_actor>(self);
    auto made = bus::publisher::open(
        link.connection(),
        {.on_ack = [handle, epoch](uint64_t record, uint64_t sequence,
                                   bool) { caf::anon_send(handle, acked_atom_v, epoch, record, sequence); },
         .on_refused =
             [handle, epoch](uint64_t record, fault, std::string reason) {
               caf::anon_send(handle, refused_atom_v, epoch, record, std::move(reason));
             }});
    if (!made) return lose(made.error().message);
    sender.emplace(std::move(*made));
    link.settled();
    node->status.set("nats", condition::up);
    resume();
  }

  /// Looks whether the stream still holds what was published into it. If it is another stream, or its tail is not ours
  /// (an older copy of its files, a cut tail), all that PostgreSQL has not confirmed is published again.
  result<void> enter_stream() {
    auto stream = bus::ensure_stream(link.connection());
    if (!stream) return tl::unexpected{stream.error()};
    if (auto made = bus::ensure_consumer(link.connection()); !made) return made;
    const auto consumer = bus::consumer(link.connection());
    if (!consumer) return tl::unexpected{consumer.error()};
    if (const auto last = published.last()) {
      bool is_ours = stream->created == created && consumer->created == consumer_created;
      if (is_ours) {
        auto id = bus::message_id_at(link.connection(), last->sequence);
        if (!id) return tl::unexpected{id.error()};
        is_ours = *id == last_id;
      }
      if (!is_ours) {
        log::info("publisher",
                  "NATS no longer holds the last record that it had; sending again what may not be committed",
                  {{"records", published.size()}});
        node->counts.records_republished.Increment(static_cast<double>(published.size()));
        published.clear();
      }
    }
    created = stream->created;
    consumer_created = consumer->created;
    deliveries.reset();
    epoch_id = to_string(make_uuid());
    return {};
  }

  void lose(const std::string& reason) {
    close();
    link.lose(*node, "nats", reason + "; events wait in the journal");
  }

  void close() {
    sender.reset();
    claim.reset();
    next_record.reset();
    window.clear();
    window_bytes = 0;
  }

  // -- publishing ------------------------------------------------------------------------

  /// Goes on behind the last record that NATS is known to hold. The journal says where to begin when there is none.
  void resume() {
    const auto epoch = link.epoch();
    self->request(journal, limits::answer_timeout, position_atom_v)
        .then(
            [this, epoch](const journal_position& at) {
              if (!link.is_of_now(epoch)) return;
              const auto last = published.last();
              next_record = last ? last->record + 1 : at.first_uncommitted;
              read();
            },
            [this, epoch](caf::error&) {
              if (link.is_of_now(epoch)) lose("the journal is not open");
            });
  }

  void read() {
    if (reading || !sender || !next_record || window_bytes >= limits::publish_window_bytes) return;
    reading = true;
    const auto epoch = link.epoch();
    self->request(journal, limits::answer_timeout, read_atom_v, *next_record,
                  uint64_t{limits::publish_window_bytes - window_bytes})
        .then(
            [this, epoch](journal_records& records) {
              reading = false;
              if (link.is_of_now(epoch) && next_record) publish(records);
              read();
            },
            [this](caf::error&) {
              reading = false; // the next tick asks again
            });
  }

  void publish(const journal_records& records) {
    for (const auto& record : records) {
      if (auto sent = sender->publish(record.payload, message_id(record.number), record.number); !sent) {
        log::warn("publisher", "cannot publish a record",
                  {{"record", record.number}, {"reason", sent.error().message}});
        return;
      }
      window.emplace(record.number, unanswered{record.payload.size(), self->clock().now(), {}});
      window_bytes += record.payload.size();
      next_record = record.number + 1;
    }
  }

  void acked(uint64_t record, uint64_t sequence) {
    const auto found = window.find(record);
    if (found == window.end()) return;
    found->second.sequence = sequence;
    const auto took = self->clock().now() - found->second.sent;
    node->counts.bus_ack_seconds.Observe(std::chrono::duration<double>(took).count());
    while (!window.empty() && window.begin()->second.sequence) {
      const auto& [number, entry] = *window.begin();
      published.add({number, *entry.sequence});
      last_id = message_id(number);
      node->counts.records_published.Increment();
      window_bytes -= entry.bytes;
      window.erase(window.begin());
    }
    read();
  }

  void refused(uint64_t record, const std::string& reason) {
    log::warn("publisher", "NATS refused a record; it stays in the journal and is sent again",
              {{"record", record}, {"reason", reason}});
    lose(reason);
  }

  // -- what is committed -----------------------------------------------------------------

  void tick() {
    if (!sender) return;
    if (!window.empty() && window.begin()->second.sent + limits::publish_timeout <= self->clock().now())
      return lose("NATS did not acknowledge a record in time");
    read();
    if (published.empty()) return;
    const auto stream = bus::stream(link.connection());
    const auto consumer = stream ? bus::consumer(link.connection()) : tl::unexpected{stream.error()};
    if (!consumer) {
      if (consumer.error().code == fault::not_found) lose(consumer.error().message);
      return;
    }
    if (stream->created != created || consumer->created != consumer_created)
      return lose("the stream of NATS or its consumer was made anew");
    if (auto sound = check_deliveries(*stream, *consumer); !sound) return lose(sound.error().message);
    // What is acked leaves the stream, so what is still there is not committed, whatever the consumer says.
    const auto done =
        published.commit(std::min(consumer->ack_floor, std::max(stream->first_sequence, uint64_t{1}) - 1));
    if (done) self->send(journal, committed_atom_v, *done);
  }

  /// What NATS keeps to itself is stranded there: then the stream is cleared, and the epoch ends.
  result<void> check_deliveries(const bus::stream_state& stream, const bus::consumer_state& consumer) {
    using verdict = delivery_check::verdict;
    const auto is = deliveries.look(stream, consumer, claim && claim->heard(), self->clock().now());
    if (is == verdict::sound) claim.reset();
    if (is == verdict::doubtful && !claim) {
      auto opened = bus::claim::open(link.connection(), stream.first_sequence);
      if (!opened) return tl::unexpected{std::move(opened.error())};
      claim.emplace(std::move(*opened));
    }
    if (is != verdict::damaged) return {};
    const auto cleared = bus::clear_stream(
        link.connection(), "its consumer is at message " + std::to_string(consumer.ack_floor)
                               + " and delivers none, the stream begins at " + std::to_string(stream.first_sequence));
    if (!cleared) log::warn("publisher", cleared.error().message);
    return fail(fault::unavailable, "the stream of NATS was damaged");
  }

  std::string message_id(uint64_t record) const { return epoch_id + '-' + std::to_string(record); }

  self_actor::pointer self;
  node_context* node = nullptr;
  journal_actor journal;
  bus_link<self_actor> link{self};
  std::optional<bus::publisher> sender; ///< made from the link's connection
  std::chrono::sys_time<std::chrono::nanoseconds> created{}, consumer_created{};
  delivery_check deliveries;
  std::optional<bus::claim> claim; ///< of the oldest message, while nobody knows whether a processor has it
  /// Begins the message ids of this epoch. Were they the same in the next, NATS would answer "duplicate" for a message
  /// of this one that a power failure has spoilt.
  std::string epoch_id;
  std::string last_id; ///< of the last one in `published`
  /// To be read next; nothing until the epoch has found its place. What lies before it is in `published` or in
  /// `window`, or committed: so the ledger never says of a record that it is committed when it was not even sent.
  std::optional<uint64_t> next_record;
  bool reading = false;
  std::map<uint64_t, unanswered> window; ///< published in this epoch, not yet acknowledged in order
  size_t window_bytes = 0;
  ledger published; ///< acknowledged by NATS, not yet known to be committed
  static inline const char* name = "publisher";
};

self_actor::behavior_type publish(counted_pointer<self_actor, publisher_state> self, node_context* node,
                                  journal_actor journal) {
  auto& state = self->state;
  state.node = node;
  state.journal = std::move(journal);
  node->status.expect("nats");
  self->send(self, open_atom_v);
  self->delayed_send(self, limits::ack_floor_interval, caf::tick_atom_v);
  return {
      [&state](caf::get_atom) { return state.published.size(); },
      [&state](open_atom) { state.open(); },
      [&state](lost_atom, uint64_t epoch, const std::string& reason) {
        if (state.link.is_of_now(epoch)) state.lose(reason);
      },
      [&state](acked_atom, uint64_t epoch, uint64_t record, uint64_t sequence) {
        if (state.link.is_of_now(epoch)) state.acked(record, sequence);
      },
      [&state](refused_atom, uint64_t epoch, uint64_t record, const std::string& reason) {
        if (state.link.is_of_now(epoch)) state.refused(record, reason);
      },
      [self, &state](caf::tick_atom) {
        state.tick();
        self->delayed_send(self, limits::ack_floor_interval, caf::tick_atom_v);
      },
  };
}

} // namespace

publisher_actor spawn_publisher(caf::actor_system& system, node_context& node, journal_actor journal) {
  return system.spawn<caf::detached>(publish, &node, std::move(journal));
}

} // namespace agentmon
