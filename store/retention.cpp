#include "store/retention.hpp"

#include "protocol/limits.hpp"
#include "store/folding.hpp"
#include "store/ledger.hpp"
#include "store/machines.hpp"
#include "store/partitions.hpp"
#include "store/stored_events.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace agentmon::store {
namespace {

using std::chrono::days;

std::string lock_timeout(std::chrono::milliseconds time) {
  return "SET LOCAL lock_timeout = " + std::to_string(time.count());
}

constexpr auto select_kept_from = "SELECT kept_from FROM retention";

constexpr auto save_kept_from = R"(
INSERT INTO retention (kept_from) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET kept_from = GREATEST(retention.kept_from, EXCLUDED.kept_from))";

// Few sessions reach over a midnight; a plan for many would read whole days.
constexpr auto plan_for_few = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;"
                              " SET LOCAL enable_mergejoin = off";

constexpr auto select_cut_sessions = "SELECT session_id, events, framework, client_id, host, last_ts FROM sessions"
                                     " WHERE first_ts < $1 AND last_ts >= $1";

constexpr auto select_cut_runs = "SELECT run.session_id, run.run_id FROM runs AS run JOIN sessions USING (session_id)"
                                 " WHERE sessions.first_ts < $1 AND sessions.last_ts >= $1 AND run.first_ts < $1"
                                 " AND run.last_ts >= $1";

// Other users' transactions tell no time to those who may not see it; such a one is found out by waiting for it.
constexpr auto select_long_question = R"(
SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'relation' AND relation = 'events'::regclass AND granted AND mode = 'AccessShareLock'
  AND xact_start < clock_timestamp() - make_interval(secs => $1) AND pid <> pg_backend_pid() LIMIT 1)";

/// A session with events on both sides of the cut.
struct cut_session {
  int64_t events;
  std::string framework;
  std::string client_id;
  std::string host;
  timestamp last;
};
using cut_sessions = std::map<std::string, cut_session>;

result<cut_sessions> read_cut_sessions(connection& db, timestamp cut) {
  const auto found = db.exec(select_cut_sessions, parameters{cut});
  if (!found) return tl::unexpected{found.error()};
  cut_sessions all;
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    const auto id = reader.next<std::string>();
    auto& session = all[id];
    session.events = reader.next<int64_t>();
    for (auto* const part : {&session.framework, &session.client_id, &session.host}) *part = reader.next<std::string>();
    session.last = reader.next<timestamp>();
  }
  return all;
}

result<std::set<run_key>> read_cut_runs(connection& db, timestamp cut) {
  const auto found = db.exec(select_cut_runs, parameters{cut});
  if (!found) return tl::unexpected{found.error()};
  std::set<run_key> runs;
  for (int row = 0; row < found->size(); ++row)
    runs.insert({found->get<std::string>(row, 0), found->get<std::string>(row, 1)});
  return runs;
}

/// Makes these sessions anew, of their events that stay.
result<void> fold_what_stays(connection& db, timestamp cut, const std::vector<std::string>& sessions, ledger& into) {
  if (sessions.empty()) return {};
  column ids;
  for (const auto& id : sessions) ids.push(id);
  ledger book;
  auto declared = declare_events(db, " WHERE ts >= $1 AND session_id = ANY ($2)", parameters{cut, ids});
  if (!declared) return declared;
  for (;;) {
    const auto some = fetch_events(db);
    if (!some) return tl::unexpected{some.error()};
    for (const auto& e : some->batch.events) book.add(e);
    if (some->is_last) break;
  }
  book.settle();
  for (auto& [id, session] : book.sessions) into.sessions.insert_or_assign(id, std::move(session));
  return {};
}

/// Those that have other events now than before: it is enough to count them, because an event stays.
std::vector<std::string> changed_since(const cut_sessions& before, const cut_sessions& now) {
  std::vector<std::string> changed;
  for (const auto& [id, session] : now) {
    const auto known = before.find(id);
    if (known == before.end() || known->second.events != session.events) changed.push_back(id);
  }
  return changed;
}

/// Everything but the events themselves.
result<void> remove_sums(connection& db, timestamp cut) {
  constexpr std::array statements{
      "DELETE FROM run_documents WHERE last_ts < $1",
      "DELETE FROM run_documents AS document USING sessions WHERE sessions.first_ts < $1 AND sessions.last_ts >= $1"
      " AND document.session_id = sessions.session_id AND document.first_ts < $1",
      "DELETE FROM runs USING sessions WHERE sessions.first_ts < $1 AND runs.session_id = sessions.session_id"
      " AND runs.first_ts < $1",
      "DELETE FROM sessions WHERE first_ts < $1",
      "DELETE FROM session_days WHERE day < ($1 AT TIME ZONE 'UTC')::date",
      "DELETE FROM event_counts WHERE resolution IN (60, 900, 7200, 86400) AND bucket < $1",
      "DELETE FROM agent_counts WHERE resolution IN (60, 900, 7200, 86400) AND bucket < $1",
      "DELETE FROM run_durations WHERE resolution IN (60, 900, 7200, 86400) AND bucket < $1",
      "DELETE FROM tool_counts WHERE resolution IN (60, 900, 7200, 86400) AND bucket < $1",
      "DELETE FROM dead_letters WHERE received_at < $1",
  };
  for (const auto* const statement : statements)
    if (auto done = db.exec(statement, parameters{cut}); !done) return tl::unexpected{done.error()};
  return forget_machines_before(db, cut);
}

/// Puts in what the cut sessions and runs are now; a run that lies behind the cut is as it was. What they added to sums
/// before the cut went with these.
result<void> save_what_stays(connection& db, ledger& book, const cut_sessions& sessions,
                             const std::set<run_key>& cut_runs) {
  rollups more;
  for (auto& [id, session] : book.sessions) {
    const auto& session_id = id;
    std::erase_if(session.runs, [&](const auto& run) { return !cut_runs.contains(run_key{session_id, run.first}); });
    for (const auto& [run_id, run] : session.runs) more.add(run_state{}, run.after);
    // It may begin with another agent's event now, and is counted for that one then, also where it ends.
    const auto& was = sessions.at(id);
    if (const auto extent = extent_of(session.state)) more.add(std::nullopt, *extent);
    more.agents[{minute_of(was.last), was.framework, was.client_id, was.host}].sessions_latest -= 1;
  }
  return save_states(db, book, more);
}

/// The last thing: from here on until the end of the transaction questions wait, too.
result<void> drop_partitions(connection& db, timestamp cut) {
  partitions all;
  if (auto loaded = all.load(db); !loaded) return loaded;
  std::string statements;
  for (const auto day : all.known())
    if (day < cut) statements += "DROP TABLE " + partition_name(day) + ";";
  auto removed = db.exec("DELETE FROM events_default WHERE ts < $1", parameters{cut});
  if (!removed) return tl::unexpected{removed.error()};
  return statements.empty() ? result<void>{} : db.exec(statements);
}

result<void> refuse_long_questions(connection& db) {
  const auto seconds = std::chrono::duration<double>{limits::retention_long_question}.count();
  const auto found = db.exec(select_long_question, parameters{seconds});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return {};
  return fail(fault::timeout, "somebody has been reading the events for more than a second");
}

/// Holds the writers back from `held_from` on. What takes long was done before then: only the sessions that got events
/// meanwhile are made anew once more.
result<std::vector<run_key>> drop_in_transaction(connection& db, timestamp cut, std::chrono::milliseconds patience,
                                                 std::chrono::steady_clock::time_point& held_from) {
  if (auto set = db.exec(plan_for_few); !set) return tl::unexpected{set.error()};
  const auto before = read_cut_sessions(db, cut);
  if (!before) return tl::unexpected{before.error()};
  ledger stays;
  auto done = fold_what_stays(db, cut, changed_since({}, *before), stays);
  if (!done) return tl::unexpected{done.error()};

  held_from = std::chrono::steady_clock::now();
  auto held = db.exec(lock_timeout(limits::retention_writers_timeout)
                      + "; SELECT pg_advisory_xact_lock(hashtext('agentmon.retention')); " + lock_timeout(patience));
  if (!held) return tl::unexpected{held.error()};
  const auto sessions = read_cut_sessions(db, cut);
  if (!sessions) return tl::unexpected{sessions.error()};
  const auto cut_runs = read_cut_runs(db, cut);
  if (!cut_runs) return tl::unexpected{cut_runs.error()};
  done = fold_what_stays(db, cut, changed_since(*before, *sessions), stays);
  std::vector<run_key> remade{cut_runs->begin(), cut_runs->end()};
  for (const auto& [id, session] : stays.sessions) remade.push_back({id, ""});
  if (done) done = remove_sums(db, cut);
  if (done) done = save_what_stays(db, stays, *sessions, *cut_runs);
  if (done) done = db.exec(save_kept_from, parameters{cut}).map([](const rows&) {});
  if (done) done = drop_partitions(db, cut);
  if (!done) return tl::unexpected{done.error()};
  return remade;
}

} // namespace

result<std::optional<timestamp>> read_kept_from(connection& db) {
  const auto found = db.exec_prepared(select_kept_from, parameters{});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return std::nullopt;
  return found->get<timestamp>(0, 0);
}

result<std::optional<timestamp>> begin_with_days_held(connection& db) {
  // The lock may wait, so what it waited for is seen only by the statement behind it.
  if (auto held = db.exec("BEGIN; SELECT pg_advisory_xact_lock_shared(hashtext('agentmon.retention'))"); !held)
    return tl::unexpected{held.error()};
  return read_kept_from(db);
}

result<bool> take_retention_turn(connection& db) {
  const auto taken = db.exec("SELECT pg_try_advisory_lock(hashtext('agentmon.retention.turn'))::integer", parameters{});
  if (!taken) return tl::unexpected{taken.error()};
  return taken->get<int32_t>(0, 0) != 0;
}

result<std::optional<timestamp>> next_cut(connection& db, const retention_rule& rule, timestamp now) {
  partitions all;
  if (auto loaded = all.load(db); !loaded) return tl::unexpected{loaded.error()};
  const auto told = db.exec("SELECT now()", parameters{});
  if (!told) return tl::unexpected{told.error()};
  const auto today = std::chrono::floor<days>(std::min(now, told->get<timestamp>(0, 0)));
  if (rule.days) {
    const timestamp from = today - *rule.days;
    if (!all.known().empty() && *all.known().begin() < from) return timestamp{*all.known().begin() + days{1}};
    const auto kept = read_kept_from(db);
    if (!kept) return tl::unexpected{kept.error()};
    if (!*kept || **kept < from) return from; // what lies in events_default
  }
  if (!rule.bytes || all.known().empty() || *all.known().begin() >= today) return std::nullopt;
  const auto found = db.exec("SELECT COALESCE(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits"
                             " JOIN pg_class ON oid = inhrelid WHERE inhparent = 'events'::regclass"
                             " AND relname ~ '^events_[0-9]{8}$'",
                             parameters{});
  if (!found) return tl::unexpected{found.error()};
  if (found->get<int64_t>(0, 0) <= static_cast<int64_t>(*rule.bytes)) return std::nullopt;
  return timestamp{*all.known().begin() + days{1}};
}

result<dropped_days> drop_before(connection& db, timestamp midnight, std::chrono::milliseconds patience) {
  if (auto free = refuse_long_questions(db); !free) return tl::unexpected{free.error()};
  std::chrono::steady_clock::time_point held_from;
  auto remade = db.transaction([&] { return drop_in_transaction(db, midnight, patience, held_from); });
  if (!remade) return tl::unexpected{remade.error()};
  return dropped_days{std::move(*remade), std::chrono::duration_cast<std::chrono::microseconds>(
                                              std::chrono::steady_clock::now() - held_from)};
}

} // namespace agentmon::store
