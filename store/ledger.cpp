#include "store/ledger.hpp"

namespace agentmon::store {

void ledger::put(session_state stored) {
  auto& state = sessions[stored.session_id].state;
  state = std::move(stored);
}

void ledger::put(run_state stored) {
  auto& entry = sessions[stored.session_id].runs[stored.run_id];
  entry.before = stored;
  entry.after = std::move(stored);
}

void ledger::add(const event& e) {
  sums.add(e);
  if (is_snapshot(e)) snapshots.push_back(snapshot_of(e));
  if (e.session_id.empty()) return;
  auto session = sessions.find(e.session_id);
  if (session == sessions.end()) session = sessions.emplace(e.session_id, session_entry{}).first;
  auto& [state, runs] = session->second;
  if (state.session_id.empty()) state.session_id = e.session_id;
  fold(state, e);
  if (e.run_id.empty()) return;
  auto run = runs.find(e.run_id);
  if (run == runs.end()) run = runs.emplace(e.run_id, run_entry{}).first;
  auto& after = run->second.after;
  if (after.run_id.empty()) {
    after.session_id = e.session_id;
    after.run_id = e.run_id;
  }
  fold(after, e);
}

void ledger::settle() {
  for (auto& [id, session] : sessions)
    for (auto& [run_id, run] : session.runs) {
      fold(session.state, run.before, run.after);
      sums.add(run.before, run.after);
    }
}

} // namespace agentmon::store
