#include "store/ledger.hpp"

namespace agentmon::store {

namespace {

using std::chrono::days;

void add_day(std::vector<ledger::day_entry>& known, const event& e) {
  const auto day = std::chrono::floor<days>(e.ts);
  for (auto& entry : known) {
    if (entry.day != day || entry.framework != e.framework) continue;
    entry.first = std::min(entry.first, e.ts);
    return;
  }
  known.push_back({day, std::string{e.framework}, e.ts});
}

/// A stored session has the row of its earliest event's day already, and no event before that.
bool is_stored(const ledger::day_entry& entry, const std::optional<ledger::day_entry>& stored) {
  return stored && entry.day == stored->day && entry.framework == stored->framework && entry.first >= stored->first;
}

} // namespace

void ledger::put(const session_state& stored) {
  auto& entry = sessions.at(stored.session_id);
  if (stored.first) entry.stored = {std::chrono::floor<days>(stored.first->ts), stored.framework, stored.first->ts};
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
  add_day(session_days, e);
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
    for (const auto& entry : session.days)
      if (!is_stored(entry, session.stored)) sums.days.emplace(std::tuple{entry.day, id, entry.framework}, entry.first);
    for (auto& [run_id, run] : session.runs) {
      fold(session.state, run.before, run.after);
      sums.add(run.before, run.after);
    }
  }
}

} // namespace agentmon::store
