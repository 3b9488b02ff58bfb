#include "store/folding.hpp"

#include "store/copying.hpp"
#include "store/state_columns.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

const std::string& select_sessions() {
  static const auto statement =
      "SELECT " + column_list<session_state>() + "\nFROM sessions WHERE session_id = ANY ($1::text[])";
  return statement;
}

const std::string& select_runs() {
  static const auto statement = "SELECT " + column_list<run_state>()
                                + "\nFROM runs JOIN unnest($1::text[], $2::text[]) AS touched (session_id, run_id)"
                                  " USING (session_id, run_id)";
  return statement;
}

struct touched_keys {
  column sessions;
  column_set runs{2};
};

/// The sessions and runs that the events belong to, each once.
touched_keys keys_of(std::span<const event* const> fresh) {
  std::vector<std::pair<std::string_view, std::string_view>> keys;
  for (const auto* const e : fresh) {
    const std::pair key{e->session_id, e->run_id};
    if (!e->session_id.empty() && (keys.empty() || keys.back() != key)) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  touched_keys touched;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i == 0 || keys[i].first != keys[i - 1].first) touched.sessions.push(keys[i].first);
    if (!keys[i].second.empty()) touched.runs.row(keys[i].first, keys[i].second);
  }
  return touched;
}

/// Puts the stored states of all sessions and runs that the events belong to into the ledger.
result<void> load(connection& db, std::span<const event* const> fresh, ledger& into) {
  const auto touched = keys_of(fresh);
  if (touched.sessions.size() == 0) return {};
  const auto sessions = db.exec_prepared(select_sessions(), parameters{}.add(touched.sessions));
  if (!sessions) return tl::unexpected{sessions.error()};
  for (auto& state : read_states<session_state>(*sessions)) into.put(std::move(state));
  if (touched.runs.empty()) return {};
  const auto runs = db.exec_prepared(select_runs(), touched.runs.as_parameters());
  if (!runs) return tl::unexpected{runs.error()};
  for (auto& state : read_states<run_state>(*runs)) into.put(std::move(state));
  return {};
}

/// Under the fold lock nobody else adds states, so those that were not found before are new: a COPY takes a third of
/// the time of INSERT ... ON CONFLICT.
template <class State>
struct states_to_save {
  std::vector<const State*> present;
  std::vector<const State*> fresh;

  void add(const State& state, bool is_stored) { (is_stored ? present : fresh).push_back(&state); }

  result<void> save(connection& db) const {
    if (!present.empty())
      if (auto done = db.exec_prepared(update_statement<State>(), update_parameters(present)); !done)
        return tl::unexpected{done.error()};
    if (fresh.empty()) return {};
    return copy_rows<const State*>(db, copy_statement<State>(), fresh,
                                   [](std::string& to, const State* state) { append_row(to, *state); });
  }
};

result<void> save_states(connection& db, const ledger& from) {
  states_to_save<session_state> sessions;
  states_to_save<run_state> runs;
  for (const auto& [id, session] : from.sessions) {
    sessions.add(session.state, session.stored.has_value());
    for (const auto& [run_id, run] : session.runs) runs.add(run.after, run.before.first.has_value());
  }
  return sessions.save(db).and_then([&] { return runs.save(db); });
}

} // namespace

result<void> take_fold_lock(connection& db) {
  return db.exec("SELECT pg_advisory_xact_lock(hashtext('agentmon.fold'))");
}

result<ledger> fold_into_tables(connection& db, std::span<const event* const> fresh) {
  ledger book;
  if (auto loaded = load(db, fresh, book); !loaded) return tl::unexpected{loaded.error()};
  for (const auto* const e : fresh) book.add(*e);
  book.settle();
  auto saved = save_states(db, book).and_then([&] { return save(db, book.sums); }).and_then([&] {
    return save(db, std::move(book.snapshots));
  });
  if (!saved) return tl::unexpected{saved.error()};
  return book;
}

} // namespace agentmon::store
