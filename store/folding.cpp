#include "store/folding.hpp"

#include "store/copying.hpp"
#include "store/state_columns.hpp"

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

/// Puts the stored states of all sessions and runs of the ledger into it.
result<void> load(connection& db, ledger& into) {
  column session_keys;
  column_set run_keys{2};
  for (const auto& [id, session] : into.sessions) {
    session_keys.push(id);
    for (const auto& [run_id, run] : session.runs) run_keys.row(id, run_id);
  }
  if (session_keys.size() == 0) return {};
  const auto found = db.pipeline([&](const connection::statement_queue& run) {
    run(select_sessions(), parameters{}.add(session_keys));
    if (!run_keys.empty()) run(select_runs(), run_keys.as_parameters());
  });
  if (!found) return tl::unexpected{found.error()};
  for (const auto& state : read_states<session_state>(found->front())) into.put(state);
  if (found->size() > 1)
    for (auto& state : read_states<run_state>(found->back())) into.put(std::move(state));
  return {};
}

/// Under the fold lock nobody else adds states, so those that were not found before are new: a COPY takes a third of
/// the time of INSERT ... ON CONFLICT.
template <class State>
struct states_to_save {
  std::vector<const State*> present;
  std::vector<const State*> fresh;

  void add(const State& state, bool is_stored) { (is_stored ? present : fresh).push_back(&state); }

  void update(const connection::statement_queue& run) const {
    if (!present.empty()) run(update_statement<State>(), update_parameters(present));
  }

  result<void> insert(connection& db) const {
    if (fresh.empty()) return {};
    return copy_rows<const State*>(db, copy_statement<State>(), fresh,
                                   [](std::string& to, const State* state) { append_row(to, *state); });
  }
};

} // namespace

result<void> save_states(connection& db, const ledger& from, const rollups& sums) {
  states_to_save<session_state> sessions;
  states_to_save<run_state> runs;
  for (const auto& [id, session] : from.sessions) {
    sessions.add(session.state, session.stored.has_value());
    for (const auto& [run_id, run] : session.runs) runs.add(run.after, run.before.first.has_value());
  }
  if (auto inserted = sessions.insert(db).and_then([&] { return runs.insert(db); }); !inserted) return inserted;
  return db
      .pipeline([&](const connection::statement_queue& run) {
        sessions.update(run);
        runs.update(run);
        save(run, sums);
      })
      .map([](const std::vector<rows>&) {});
}

result<void> take_fold_lock(connection& db) {
  return db.exec("SELECT pg_advisory_xact_lock(hashtext('agentmon.fold'))");
}

result<void> fold_into_tables(connection& db, ledger& fresh) {
  if (auto loaded = load(db, fresh); !loaded) return loaded;
  fresh.settle();
  return save_states(db, fresh, fresh.sums).and_then([&] { return save(db, std::move(fresh.snapshots)); });
}

} // namespace agentmon::store
