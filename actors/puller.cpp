#include "actors/puller.hpp"

#include "actors/bus_link.hpp"
#include "bus/pull.hpp"
#include "bus/stream.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <deque>
#include <numeric>
#include <vector>

namespace agentmon {
namespace {

using message_ptr = std::shared_ptr<const bus::bus_message>;

} // namespace
} // namespace agentmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::message_ptr)

namespace agentmon {
namespace {

using self_actor =
    puller_actor::extend<caf::reacts_to<open_atom>, caf::reacts_to<lost_atom, uint64_t, std::string>,
                         caf::reacts_to<pulled_atom, uint64_t, message_ptr>,
                         caf::reacts_to<ended_atom, uint64_t, uint8_t, std::string>, caf::reacts_to<flush_atom>,
                         caf::reacts_to<caf::tick_atom>, caf::reacts_to<position_atom>>;

/// What is stored in one go.
struct transaction {
  pulled_messages messages;
  size_t bytes = 0;
  uint64_t epoch = 0;     ///< in which the messages came
  bool in_writer = false; ///< else it waits to be given to one again
};
using transaction_ptr = std::shared_ptr<transaction>;

struct puller_state {
  explicit puller_state(self_actor::pointer actor) : self{actor} {}

  // -- epochs ----------------------------------------------------------------------------

  void open() {
    close();
    if (auto opened = link.open(*node); !opened) return lose(opened.error().message);
    if (auto stream = bus::ensure_stream(link.connection()); !stream) return lose(stream.error().message);
    if (auto made = bus::ensure_consumer(link.connection()); !made) return lose(made.error().message);
    const auto epoch = link.epoch();
    const auto me = caf::actor_cast<self_actor>(self);
    auto made = bus::puller::open(
        link.connection(), {.on_message =
                                [me, epoch](bus::bus_message message) {
                                  caf::anon_send(me, pulled_atom_v, epoch,
                                                 std::make_shared<const bus::bus_message>(std::move(message)));
                                },
                            .on_ended =
                                [me, epoch](result<size_t> messages) {
                                  const auto code = messages ? uint8_t{0} : static_cast<uint8_t>(messages.error().code);
                                  caf::anon_send(me, ended_atom_v, epoch, code,
                                                 messages ? std::string{} : std::move(messages.error().message));
                                }});
    if (!made) return lose(made.error().message);
    source.emplace(std::move(*made));
    link.settled();
    node->status.set("nats", condition::up);
    pull();
  }

  void lose(const std::string& reason) {
    close();
    link.lose(*node, "nats", reason + "; events wait in the journal");
  }

  /// What is in hand is let go: NATS delivers it again after limits::ack_wait, and the store knows what it has.
  void close() {
    source.reset();
    held.clear();
    held_bytes = 0;
    pulling = false;
  }

  // -- pulling ---------------------------------------------------------------------------

  /// Asks for another transaction's messages as long as not more than one waits for a free writer.
  void pull() {
    if (!source || pulling || held_bytes > limits::transaction_bytes) return;
    if (auto asked = source->request({}); !asked) return lose(asked.error().message);
    pulling = true;
  }

  void pulled(message_ptr message) {
    held_bytes += message->bytes;
    held.push_back(std::move(message));
    node->counts.messages_pulled.Increment();
    if (held.size() == 1) held_since = self->clock().now();
    if (held.size() == 1 || held_bytes >= limits::second_writer_bytes) store();
  }

  void ended(uint8_t code, const std::string& reason) {
    pulling = false;
    if (code != 0) return lose(reason); // with its backoff, so that no refusal is asked for in a tight loop
    pull();
  }

  // -- storing ---------------------------------------------------------------------------

  /// Gives the writers what there is. The first message waits a moment for company: on a busy stream that moment passes
  /// while a writer works, on a moderate one it keeps it from one tiny transaction after the other. A second writer
  /// gets work only when much has gathered: less is cheaper together with what comes while the first works.
  void store() {
    const auto wait = std::max(held_since + limits::transaction_linger, rest_until) - self->clock().now();
    while (!held.empty() && storing.size() < limits::writers
           && (held_bytes >= limits::second_writer_bytes || (storing.empty() && wait.count() <= 0)))
      send(take());
    if (!held.empty() && storing.empty()) self->delayed_send(self, wait, flush_atom_v);
  }

  /// As long as it took, so that the dearer a transaction is, the more events share one.
  void rest(caf::actor_clock::time_point begun) {
    const auto now = self->clock().now();
    rest_until = now + std::min<caf::timespan>(now - begun, limits::transaction_rest);
  }

  transaction_ptr take() {
    auto work = std::make_shared<transaction>();
    work->epoch = link.epoch();
    while (!held.empty()
           && (work->messages.empty() || work->bytes + held.front()->bytes <= limits::transaction_bytes)) {
      work->bytes += held.front()->bytes;
      work->messages.push_back(std::move(held.front()));
      held.pop_front();
    }
    held_bytes -= work->bytes;
    node->storing_behind = !held.empty(); // so it is full, and more waits
    storing.push_back(work);
    return work;
  }

  void send(const transaction_ptr& work) {
    work->in_writer = true;
    const auto begun = self->clock().now();
    self->request(writers, 2 * limits::transaction_timeout, store_atom_v, work->messages)
        .then(
            [this, work, begun](uint64_t) {
              store_retry.reset();
              rest(begun);
              committed(*work);
              finish(work);
            },
            [this, work](caf::error& e) {
              work->in_writer = false;
              // The same messages again: what is stored by then is known by its ids. Only a new connection ends this,
              // because NATS then delivers them anew.
              if (work->epoch != link.epoch()) return finish(work);
              log::debug("puller", "a writer could not store a batch; it is tried again",
                         {{"reason", to_failure(e).message}});
              self->delayed_send(self, store_retry.next(), flush_atom_v);
            });
  }

  void committed(const transaction& work) {
    const auto at = std::chrono::system_clock::now();
    for (const auto& message : work.messages)
      node->counts.bus_to_commit_seconds.Observe(
          std::max(0.0, std::chrono::duration<double>(at - message->published).count()));
    // A handle names a sequence number. In a new epoch the stream may be another one, where that number is a message
    // that nobody has stored: so an old handle is never used. Its message comes again and changes nothing.
    if (work.epoch != link.epoch() || !source) return;
    for (const auto& message : work.messages) {
      if (auto sent = source->ack(message->handle); !sent) return lose(sent.error().message);
    }
  }

  void finish(const transaction_ptr& work) {
    std::erase(storing, work);
    store();
    pull();
  }

  void flush() {
    // What failed goes before what is new.
    const auto waiting = storing;
    for (const auto& work : waiting) {
      if (work->in_writer) continue;
      if (work->epoch == link.epoch())
        send(work);
      else
        finish(work);
    }
    store();
  }

  /// What waits for PostgreSQL must not be delivered again meanwhile.
  void keep() {
    if (!source) return;
    const auto tell = [&](const message_ptr& message) { return source->in_progress(message->handle).has_value(); };
    const auto tell_all = [&](const transaction_ptr& work) {
      return work->epoch != link.epoch() || std::all_of(work->messages.begin(), work->messages.end(), tell);
    };
    if (!std::all_of(held.begin(), held.end(), tell) || !std::all_of(storing.begin(), storing.end(), tell_all))
      return lose("the connection broke");
    pull();
  }

  /// For those who ask how far storing is behind.
  void measure() {
    node->processing_bytes = bytes();
    if (!source) return;
    const auto stream = bus::stream(link.connection());
    const auto consumer = stream ? bus::consumer(link.connection()) : tl::unexpected{stream.error()};
    if (consumer) node->bus.set({now(), stream->messages, stream->bytes, consumer->pending, consumer->ack_pending});
  }

  size_t bytes() const {
    return std::accumulate(storing.begin(), storing.end(), held_bytes,
                           [](size_t sum, const transaction_ptr& work) { return sum + work->bytes; });
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  writer_actor writers;
  bus_link<self_actor> link{self};
  std::optional<bus::puller> source; ///< made from the link's connection
  bool pulling = false;
  std::deque<message_ptr> held; ///< pulled, not yet given to a writer
  size_t held_bytes = 0;
  caf::actor_clock::time_point held_since{}; ///< the oldest of them, or earlier
  caf::actor_clock::time_point rest_until{}; ///< no small transaction is begun before
  std::vector<transaction_ptr> storing;      ///< with the writers, or waiting to be given to one again
  backoff store_retry{limits::store_retry_min, limits::store_retry_max};
  static inline const char* name = "puller";
};

self_actor::behavior_type pull(counted_pointer<self_actor, puller_state> self, node_context* node,
                               writer_actor writers) {
  auto& state = self->state;
  state.node = node;
  state.writers = std::move(writers);
  node->status.expect("nats");
  node->storing_behind = false; // of one that crashed
  self->set_exit_handler([self, &state](caf::exit_msg& exit) {
    // So that whoever pulls next gets it at once.
    if (state.source)
      for (const auto& message : state.held)
        if (!state.source->nak(message->handle)) break;
    self->quit(exit.reason);
  });
  self->send(self, open_atom_v);
  self->delayed_send(self, limits::progress_interval, caf::tick_atom_v);
  self->delayed_send(self, limits::bus_lag_look, position_atom_v);
  return {
      [&state](caf::get_atom) { return uint64_t{state.bytes()}; },
      [&state](open_atom) { state.open(); },
      [&state](lost_atom, uint64_t epoch, const std::string& reason) {
        if (state.link.is_of_now(epoch)) state.lose(reason);
      },
      [&state](pulled_atom, uint64_t epoch, message_ptr& message) {
        if (state.link.is_of_now(epoch)) state.pulled(std::move(message));
      },
      [&state](ended_atom, uint64_t epoch, uint8_t code, const std::string& reason) {
        if (state.link.is_of_now(epoch)) state.ended(code, reason);
      },
      [&state](flush_atom) { state.flush(); },
      [self, &state](position_atom) {
        state.measure();
        self->delayed_send(self, limits::bus_lag_look, position_atom_v);
      },
      [self, &state](caf::tick_atom) {
        state.keep();
        self->delayed_send(self, limits::progress_interval, caf::tick_atom_v);
      },
  };
}

} // namespace

puller_actor spawn_puller(caf::actor_system& system, node_context& node, writer_actor writers) {
  return system.spawn<caf::detached>(pull, &node, std::move(writers));
}

} // namespace agentmon
