#include "store/verify_tables.hpp"

#include <algorithm>
#include <map>

namespace agentmon::store {
namespace {

using history = std::vector<const snapshot*>; ///< of one machine, ordered

std::map<std::string, history> histories(const ledger& right) {
  std::map<std::string, history> by_name;
  for (const auto& s : right.snapshots) by_name[s.vm].push_back(&s);
  for (auto& [name, snapshots] : by_name)
    std::sort(snapshots.begin(), snapshots.end(), [](const snapshot* a, const snapshot* b) { return a->key < b->key; });
  return by_name;
}

std::string words(const uuid& id, timestamp ts, const std::string& state, timestamp since, int64_t samples,
                  const mark_counts& marks) {
  return state + " since " + format_time(since) + " by snapshot " + to_string(id) + " of " + format_time(ts) + ", "
         + std::to_string(samples) + " samples, " + std::to_string(marks.changes) + " changes of state, "
         + std::to_string(marks.restarts) + " restarts";
}

std::string words_of(const history& snapshots) {
  const auto& latest = *snapshots.back();
  return words(latest.key.id, latest.key.ts, latest.state, latest.told_since.value_or(in_state_since(snapshots)),
               static_cast<int64_t>(snapshots.size()), marks_of(snapshots));
}

constexpr auto select_machines = R"(
SELECT name, event_id, ts, state, COALESCE(told_since, in_state_since),
       samples, changes, restarts
FROM vms CROSS JOIN LATERAL (
  SELECT count(*), count(changed_from), count(*) FILTER (WHERE restarted) FROM vm_samples WHERE vm = name)
  AS counted (samples, changes, restarts))";

} // namespace

result<void> compare_machines(connection& db, const ledger& right, verify_report& report) {
  const auto found = db.exec(select_machines, parameters{});
  if (!found) return tl::unexpected{found.error()};
  auto must_be = histories(right);
  report.machines = std::max<uint64_t>(must_be.size(), static_cast<uint64_t>(found->size()));
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    const auto name = reader.next<std::string>();
    const auto id = reader.next<uuid>();
    const auto ts = reader.next<timestamp>();
    const auto state = reader.next<std::string>();
    const auto since = reader.next<timestamp>();
    const auto samples = reader.next<int64_t>();
    const auto changes = reader.next<int64_t>();
    const auto stored = words(id, ts, state, since, samples, {changes, reader.next<int64_t>()});
    const auto history = must_be.find(name);
    const auto wanted = history == must_be.end() ? "not there" : words_of(history->second);
    if (stored != wanted) note(report, "vms", name + " is " + stored + " but must be " + wanted);
    if (history != must_be.end()) must_be.erase(history);
  }
  for (const auto& [name, snapshots] : must_be)
    note(report, "vms", name + " is missing but must be " + words_of(snapshots));
  return {};
}

} // namespace agentmon::store
