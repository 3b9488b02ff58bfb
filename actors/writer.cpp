#include "actors/writer.hpp"

#include "http/counted_actor.hpp"
#include "protocol/decode.hpp"
#include "protocol/log.hpp"
#include "protocol/packing.hpp"
#include "store/migrate.hpp"
#include "store/writing.hpp"

#include <caf/all.hpp>

#include <deque>

namespace agentmon {
namespace {

using self_actor = writer_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct writer_state {
  explicit writer_state(self_actor::pointer actor) : self{actor} {}

  caf::result<uint64_t> store(const pulled_messages& messages) {
    if (auto ready = open(); !ready) return away(ready.error());
    std::deque<event_batch> batches; // addresses stay as it grows
    std::vector<store::incoming> incoming;
    for (const auto& message : messages) {
      auto batch = unpack({message->payload.data(), message->payload.size()}).and_then([](std::vector<char>&& text) {
        return decode(std::move(text));
      });
      if (!batch) {
        if (auto buried = bury(*message, batch.error()); !buried) return away(buried.error());
        continue;
      }
      batches.push_back(std::move(*batch));
      incoming.push_back({&batches.back(), message->stream_sequence});
    }
    if (incoming.empty()) return uint64_t{0};
    auto report = writer->write(incoming);
    if (!report) return away(report.error());
    node->status.set("postgresql", condition::up);
    count(*report);
    const uint64_t stored = report->new_events;
    tell(std::move(*report));
    return stored;
  }

  result<void> open() {
    if (writer && writer->alive()) return {};
    writer.reset();
    const auto where = node->servers.database();
    if (!where) return fail(fault::unavailable, "the private PostgreSQL has not started yet");
    auto link = store::connect(*where, limits::transaction_timeout);
    if (!link) return tl::unexpected{link.error()};
    const auto steps = store::migrate(*link);
    if (!steps) return tl::unexpected{steps.error()};
    if (*steps > 0) log::info("writer", "brought the database's schema up to date", {{"steps", *steps}});
    auto opened = store::event_writer::open(*where);
    if (!opened) return tl::unexpected{opened.error()};
    writer.emplace(std::move(*opened));
    node->status.set("postgresql", condition::up);
    return {};
  }

  /// A message that is no batch at all: its text if there is one, else its bytes.
  result<void> bury(const bus::bus_message& message, const failure& why) {
    node->counts.events_dead.Increment();
    log::warn("writer", "a bus message cannot be decoded; it is in dead_letters",
              {{"stream_sequence", message.stream_sequence}, {"reason", why.message}});
    const auto body = unpack({message.payload.data(), message.payload.size()}).value_or(message.payload);
    return writer->bury({.stream_sequence = message.stream_sequence,
                         .reason = why.message,
                         .field = {},
                         .body = {body.data(), body.size()},
                         .event_id = {}});
  }

  caf::error away(const failure& why) {
    if (node->servers.database())
      node->status.set("postgresql", condition::away, why.message + "; events wait in NATS and in the journal");
    return to_error(why);
  }

  void count(const store::commit_report& report) const {
    const auto seconds = [](std::chrono::microseconds time) { return std::chrono::duration<double>(time).count(); };
    auto& counts = node->counts;
    counts.transactions.Increment();
    counts.events_stored.Increment(static_cast<double>(report.new_events));
    counts.events_duplicate.Increment(static_cast<double>(report.duplicates));
    counts.events_dead.Increment(static_cast<double>(report.dead));
    counts.copy_seconds.Observe(seconds(report.copy_time));
    counts.fold_seconds.Observe(seconds(report.fold_time));
    counts.commit_seconds.Observe(seconds(report.commit_time));
  }

  void tell(store::commit_report report) {
    const int64_t committed = now().time_since_epoch().count();
    run_keys touched;
    touched.reserve(report.runs.size());
    for (const auto& run : report.runs) touched.push_back({run.session_id, run.run_id});
    for (const auto& session : report.sessions) touched.push_back({session.session_id, ""});
    if (!touched.empty()) self->send(indexer, touched_atom_v, std::move(touched));
    std::vector<live_change> machines;
    for (auto& machine : report.machines) machines.push_back({"vms", {}, {}, std::move(machine.json)});
    if (!machines.empty()) self->send(aggregator, changed_atom_v, std::move(machines), committed);
    if (!report.sessions.empty()) self->send(aggregator, changed_atom_v, std::move(report.sessions), committed);
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  aggregator_actor aggregator;
  indexer_actor indexer;
  std::optional<store::event_writer> writer;
  static inline const char* name = "writer";
};

self_actor::behavior_type write(counted_pointer<self_actor, writer_state> self, node_context* node,
                                aggregator_actor aggregator, indexer_actor indexer) {
  auto& state = self->state;
  state.node = node;
  state.aggregator = std::move(aggregator);
  state.indexer = std::move(indexer);
  node->status.expect("postgresql");
  self->send(self, caf::tick_atom_v);
  return {
      [&state](store_atom, const pulled_messages& messages) { return state.store(messages); },
      [](free_atom) { return true; },
      [self, &state](caf::tick_atom) {
        if (auto ready = state.open(); !ready) state.away(ready.error());
        self->delayed_send(self, limits::service_check, caf::tick_atom_v);
      },
  };
}

} // namespace

writer_actor spawn_writer(caf::actor_system& system, node_context& node, aggregator_actor aggregator,
                          indexer_actor indexer) {
  return system.spawn<caf::detached>(write, &node, std::move(aggregator), std::move(indexer));
}

} // namespace agentmon
