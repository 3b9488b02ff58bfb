#include "store/writing.hpp"

#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "store/dead_letters.hpp"
#include "store/event_rows.hpp"
#include "store/folding.hpp"
#include "store/partitions.hpp"
#include "store/retention.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace agentmon::store {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::days;

std::chrono::microseconds since(clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - begin);
}

using event_list = std::vector<const event*>;
using event_span = std::span<const event* const>;

/// The events of all batches ordered by id, each id once a day. All writers take the rows in the same order, so that
/// two that hold the same events never wait for each other in a circle.
event_list distinct_events(std::span<const incoming> batches) {
  struct entry {
    uuid id; // here, so that sorting does not reach into each event
    const event* it;
  };
  std::vector<entry> entries;
  for (const auto& in : batches)
    for (const auto& e : in.batch->events) entries.push_back({e.id, &e});
  const auto day = [](const entry& e) { return std::chrono::floor<days>(e.it->ts); };
  std::stable_sort(entries.begin(), entries.end(), [&](const entry& a, const entry& b) {
    const auto order = a.id <=> b.id;
    return order != 0 ? order < 0 : day(a) < day(b);
  });
  event_list events;
  events.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i)
    if (i == 0 || entries[i].id != entries[i - 1].id || day(entries[i]) != day(entries[i - 1]))
      events.push_back(entries[i].it);
  return events;
}

std::vector<dead_letter> letters_of(std::span<const incoming> batches) {
  std::vector<dead_letter> letters;
  for (const auto& in : batches)
    for (const auto& refused : in.batch->rejections) {
      const std::string_view text{in.batch->text.data(), in.batch->text.size()};
      letters.push_back({in.stream_sequence, refused.message, refused.field, element_at(text, refused.index), {}});
    }
  return letters;
}

/// Takes the events of days that retention has dropped out of `events` and makes letters of them.
void sort_out_late(event_list& events, std::optional<timestamp> kept_from, std::vector<dead_letter>& letters) {
  if (!kept_from) return;
  const auto late =
      std::stable_partition(events.begin(), events.end(), [&](const event* e) { return e->ts >= *kept_from; });
  for (auto at = late; at != events.end(); ++at)
    letters.push_back({0, "it came after its day was dropped: events are kept from " + format_time(*kept_from) + " on",
                       "event.ts", (*at)->json, (*at)->id});
  if (late != events.end())
    log::warn("store", "events came after their days were dropped and went to dead_letters",
              {{"events", events.end() - late}, {"kept_from", format_time(*kept_from)}});
  events.erase(late, events.end());
}

/// Puts two reports of the same write() together; what the later one says of a session or run is newer.
void merge(commit_report& into, commit_report later) {
  into.new_events += later.new_events;
  into.duplicates += later.duplicates;
  into.dead += later.dead;
  into.copy_time += later.copy_time;
  into.fold_time += later.fold_time;
  into.lock_time += later.lock_time;
  into.commit_time += later.commit_time;
  std::map<std::string, session_state> sessions;
  std::map<std::pair<std::string, std::string>, run_state> runs;
  for (auto* const report : {&later, &into}) {
    for (auto& s : report->sessions) sessions.try_emplace(s.session_id, std::move(s));
    for (auto& r : report->runs) runs.try_emplace({r.session_id, r.run_id}, std::move(r));
  }
  into.sessions.clear();
  into.runs.clear();
  for (auto& [key, s] : sessions) into.sessions.push_back(std::move(s));
  for (auto& [key, r] : runs) into.runs.push_back(std::move(r));
}

} // namespace

struct event_writer::implementation {
  connection db;
  partitions days_made;
  std::optional<timestamp> kept_from = {}; ///< as the transaction that is under way must find it
  bool kept_moved = false;                 ///< it found it otherwise, and did nothing

  result<void> make_partitions(event_span events);
  result<void> begin();
  result<size_t> copy(event_span events, ledger& fresh);
  result<void> fold(ledger& fresh, commit_report&);
  result<commit_report> write_once(event_span events, std::span<const dead_letter> letters);
  result<commit_report> write(event_span events, std::span<const dead_letter> letters);
  std::vector<shown_machine> machines_of(event_span events);
  result<commit_report> write(std::span<const incoming> batches);
};

result<void> event_writer::implementation::make_partitions(event_span events) {
  const auto at = now();
  // Tomorrow's is made today, while nobody waits for it.
  std::set<binary::day> wanted{std::chrono::floor<days>(at), std::chrono::floor<days>(at) + days{1}};
  for (const auto* const e : events) wanted.insert(std::chrono::floor<days>(e->ts));
  return days_made.ensure(db, wanted, at);
}

/// Begins a transaction in which no day is dropped.
result<void> event_writer::implementation::begin() {
  const auto kept = begin_with_days_held(db);
  if (!kept) return tl::unexpected{kept.error()};
  kept_moved = *kept != kept_from;
  if (kept_moved) return fail(fault::timeout, "a day was dropped meanwhile");
  return {};
}

/// Begins the transaction and gets the rows in; what is new goes into the ledger. Gives how many those are.
result<size_t> event_writer::implementation::copy(event_span events, ledger& fresh) {
  if (auto begun = begin(); !begun) return tl::unexpected{begun.error()};
  if (events.empty()) return 0;
  const auto copied = copy_events(db, "events", events, [&](const event& e) { fresh.add(e); });
  if (copied) return events.size();
  if (copied.error().code != fault::duplicate) return tl::unexpected{copied.error()};
  // A redelivery, which is rare: the way that sorts out what is known.
  db.roll_back();
  if (auto begun = begin(); !begun) return tl::unexpected{begun.error()};
  const auto inserted = copy_events(db, staging_table, events).and_then([&] { return insert_new(db, events); });
  if (!inserted) return tl::unexpected{inserted.error()};
  fresh = {};
  for (const auto* const e : *inserted) fresh.add(*e);
  return inserted->size();
}

result<void> event_writer::implementation::fold(ledger& fresh, commit_report& report) {
  const auto waiting = clock::now();
  if (auto locked = take_fold_lock(db); !locked) return locked;
  report.lock_time = since(waiting);
  const auto begin = clock::now();
  if (auto folded = fold_into_tables(db, fresh); !folded) return folded;
  for (auto& [id, session] : fresh.sessions) {
    report.sessions.push_back(std::move(session.state));
    for (auto& [run_id, run] : session.runs) report.runs.push_back(std::move(run.after));
  }
  report.fold_time = since(begin);
  return {};
}

/// All of it in one transaction.
result<commit_report> event_writer::implementation::write_once(event_span events,
                                                               std::span<const dead_letter> letters) {
  commit_report report;
  const auto begin = clock::now();
  ledger fresh;
  const auto stored = copy(events, fresh);
  if (!stored) return tl::unexpected{stored.error()};
  report.copy_time = since(begin);
  if (*stored > 0)
    if (auto folded = fold(fresh, report); !folded) return tl::unexpected{folded.error()};
  if (auto saved = save(db, letters); !saved) return tl::unexpected{saved.error()};
  const auto committing = clock::now();
  if (auto committed = db.exec("COMMIT"); !committed) return tl::unexpected{committed.error()};
  report.commit_time = since(committing);
  report.new_events = *stored;
  report.duplicates = events.size() - *stored;
  report.dead = letters.size();
  return report;
}

/// The same, and when PostgreSQL refuses the data of an event: in halves, until that event is alone and goes to
/// dead_letters.
result<commit_report> event_writer::implementation::write(event_span events, std::span<const dead_letter> letters) {
  auto report = write_once(events, letters);
  if (report) return report;
  db.roll_back();
  if (report.error().code != fault::invalid || events.empty()) return report;
  if (events.size() == 1) {
    std::vector<dead_letter> all(letters.begin(), letters.end());
    all.push_back({0, report.error().message, "", events.front()->json, events.front()->id});
    log::warn("store", "an event cannot be stored and went to dead_letters",
              {{"event_id", to_string(events.front()->id)}, {"reason", report.error().message}});
    return write({}, all);
  }
  const auto half = events.size() / 2;
  auto first = write(events.first(half), letters);
  if (!first) return first;
  auto second = write(events.subspan(half), {});
  if (!second) return second;
  merge(*first, std::move(*second));
  return first;
}

/// Only for viewers, after the commit: a failure costs them one change, which the next snapshot makes good.
std::vector<shown_machine> event_writer::implementation::machines_of(event_span events) {
  std::set<std::string> names;
  for (const auto* const e : events)
    if (is_snapshot(*e)) names.insert(snapshot_of(*e).vm);
  if (names.empty()) return {};
  const std::vector<std::string> wanted{names.begin(), names.end()};
  return read_machines(db, &wanted).value_or(std::vector<shown_machine>{});
}

event_writer::event_writer(std::unique_ptr<implementation> it) : implementation_{std::move(it)} {}
event_writer::event_writer(event_writer&&) noexcept = default;
event_writer& event_writer::operator=(event_writer&&) noexcept = default;
event_writer::~event_writer() = default;

result<event_writer> event_writer::open(const std::string& conninfo) {
  auto db = connect(conninfo, std::chrono::milliseconds{limits::transaction_timeout});
  if (!db) return tl::unexpected{db.error()};
  // Every statement of a writer finds a few hundred rows by their keys. A plan made while the tables were small, or
  // for statistics that are missing still, would read them whole.
  auto planned =
      db->exec("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;"
               " SET enable_mergejoin = off");
  if (!planned) return tl::unexpected{planned.error()};
  auto it = std::make_unique<implementation>(implementation{std::move(*db), {}, {}, false});
  auto ready = create_staging_table(it->db).and_then([&] { return it->days_made.load(it->db); }).and_then([&] {
    return it->make_partitions({});
  });
  if (!ready) return tl::unexpected{ready.error()};
  return event_writer{std::move(it)};
}

result<commit_report> event_writer::implementation::write(std::span<const incoming> batches) {
  const auto kept = read_kept_from(db);
  if (!kept) return tl::unexpected{kept.error()};
  kept_from = *kept;
  auto events = distinct_events(batches);
  const auto distinct = events.size();
  auto letters = letters_of(batches);
  sort_out_late(events, kept_from, letters);
  if (auto made = make_partitions(events); !made) return tl::unexpected{made.error()};
  auto report = write(event_span{events}, letters);
  if (!report) return report;
  size_t given = 0;
  for (const auto& in : batches) given += in.batch->events.size();
  report->duplicates += given - distinct;
  report->machines = machines_of(events);
  return report;
}

result<commit_report> event_writer::write(std::span<const incoming> batches) {
  auto report = implementation_->write(batches);
  // What was stored before the day went is known when it comes again, or late.
  while (!report && implementation_->kept_moved) {
    implementation_->kept_moved = false;
    report = implementation_->write(batches);
  }
  return report;
}

result<void> event_writer::bury(const dead_letter& letter) { return save(implementation_->db, {&letter, 1}); }

bool event_writer::alive() const noexcept { return implementation_->db.alive(); }

} // namespace agentmon::store
