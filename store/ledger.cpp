#include "store/ledger.hpp"

#include <algorithm>

namespace agentmon::store {

using std::chrono::days;

void ledger::put(const session_state& stored) {
  auto& entry = sessions.at(stored.session_id);
  entry.stored = extent_of(stored);
  merge(entry.state, stored);
}

void ledger::put(run_state stored) {
  auto& entry = sessions.at(stored.session_id).runs.at(stored.run_id);
  merge(entry.after, stored);
  entry.before = std::move(stored);
}

void ledger::add(const event& e) {
  sums.add(e);
  if (is_snapshot(e)) snapshots.push_back(snapshot_of(e));
  if (e.session_id.empty()) return;
  auto session = sessions.find(e.session_id);
  if (session == sessions.end()) session = sessions.emplace(e.session_id, session_entry{}).first;
  auto& [state, stored, runs, session_days] = session->second;
  const auto day = std::chrono::floor<days>(e.ts);
  if (std::find(session_days.begin(), session_days.end(), day) == session_days.end()) session_days.push_back(day);
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
  for (auto& [id, session] : sessions) {
    // A stored session has the row of its earliest event's day already.
    for (const auto day : session.days)
      if (!session.stored || day != std::chrono::floor<days>(session.stored->first)) sums.days.emplace(day, id);
    if (const auto extent = extent_of(session.state)) sums.add(session.stored, *extent);
    for (auto& [run_id, run] : session.runs) {
      fold(session.state, run.before, run.after);
      sums.add(run.before, run.after);
    }
  }
}

} // namespace agentmon::store
