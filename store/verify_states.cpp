#include "store/state_columns.hpp"
#include "store/verify_tables.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

constexpr auto rows_at_once = 2000;

/// Reads a table of states piece by piece; check(state, stored status) is called for each row.
template <class State, class Check>
result<uint64_t> for_each_stored(connection& db, const std::string& table, Check&& check) {
  const auto cursor = "all_" + table;
  auto declared =
      db.exec("DECLARE " + cursor + " NO SCROLL CURSOR FOR SELECT " + column_list<State>() + ", status FROM " + table);
  if (!declared) return tl::unexpected{declared.error()};
  for (uint64_t count = 0;;) {
    const auto found = db.exec("FETCH " + std::to_string(rows_at_once) + " FROM " + cursor, parameters{});
    if (!found) return tl::unexpected{found.error()};
    for (int row = 0; row < found->size(); ++row) {
      row_reader reader{*found, row};
      const auto state = read_state<State>(reader);
      check(state, reader.next<std::string_view>());
    }
    count += static_cast<uint64_t>(found->size());
    if (found->size() < rows_at_once) return count;
  }
}

template <class State>
void compare(const std::string& table, const std::string& name, const State& stored, std::string_view status,
             const State* right, verify_report& report) {
  if (right == nullptr) return note(report, table, name + " has no events");
  if (const auto words = difference_of(stored, *right); !words.empty()) return note(report, table, name + ": " + words);
  if (status != status_of(*right))
    note(report, table, name + ": status is " + std::string{status} + " but must be " + std::string{status_of(*right)});
}

} // namespace

result<void> compare_sessions(connection& db, const ledger& right, verify_report& report) {
  uint64_t matched = 0;
  const auto count = for_each_stored<session_state>(db, "sessions", [&](const session_state& stored, auto status) {
    const auto found = right.sessions.find(stored.session_id);
    const auto* const must_be = found == right.sessions.end() ? nullptr : &found->second.state;
    if (must_be != nullptr) ++matched;
    compare("sessions", "session " + stored.session_id, stored, status, must_be, report);
  });
  if (!count) return tl::unexpected{count.error()};
  report.sessions = std::max<uint64_t>(*count, right.sessions.size());
  for (auto missing = right.sessions.size() - matched; missing > 0; --missing)
    note(report, "sessions", "a session that has events is missing");
  return {};
}

result<void> compare_runs(connection& db, const ledger& right, verify_report& report) {
  uint64_t runs = 0, matched = 0;
  for (const auto& [id, session] : right.sessions) runs += session.runs.size();
  const auto count = for_each_stored<run_state>(db, "runs", [&](const run_state& stored, auto status) {
    const run_state* must_be = nullptr;
    if (const auto session = right.sessions.find(stored.session_id); session != right.sessions.end())
      if (const auto run = session->second.runs.find(stored.run_id); run != session->second.runs.end())
        must_be = &run->second.after;
    if (must_be != nullptr) ++matched;
    compare("runs", "run " + stored.run_id + " of session " + stored.session_id, stored, status, must_be, report);
  });
  if (!count) return tl::unexpected{count.error()};
  report.runs = std::max(*count, runs);
  for (auto missing = runs - matched; missing > 0; --missing) note(report, "runs", "a run that has events is missing");
  return {};
}

} // namespace agentmon::store
