#include "protocol/limits.hpp"
#include "store/thinning.hpp"
#include "store/verify_tables.hpp"

#include <algorithm>
#include <map>
#include <set>

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

/// What is compared of a machine's samples: thinning may have removed some, but never all of a step, and no mark.
struct sample_counts {
  int64_t recent = 0; ///< those that thinning leaves alone
  int64_t steps = 0;  ///< of time before these, that have a sample
  mark_counts marks;
};

std::string words(const uuid& id, timestamp ts, const std::string& state, timestamp since,
                  const sample_counts& counts) {
  return state + " since " + format_time(since) + " by snapshot " + to_string(id) + " of " + format_time(ts) + ", "
         + std::to_string(counts.recent) + " samples, older ones in " + std::to_string(counts.steps) + " steps, "
         + std::to_string(counts.marks.changes) + " changes of state, " + std::to_string(counts.marks.verdicts)
         + " of verdict, " + std::to_string(counts.marks.restarts) + " restarts";
}

std::string words_of(const history& snapshots, const thinning& rule) {
  const auto& latest = *snapshots.back();
  sample_counts counts{.marks = marks_of(snapshots)};
  std::set<timestamp> steps;
  for (const auto* const each : snapshots) {
    if (const auto step = rule.step_of(each->key.ts))
      steps.insert(*step);
    else
      ++counts.recent;
  }
  counts.steps = static_cast<int64_t>(steps.size());
  return words(latest.key.id, latest.key.ts, latest.state, latest.told_since.value_or(in_state_since(snapshots)),
               counts);
}

constexpr auto select_machines = R"(
SELECT name, event_id, ts, state, COALESCE(told_since, in_state_since), recent, steps, changes, verdicts, restarts
FROM vms CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE ts >= $1),
         count(DISTINCT date_bin(make_interval(secs => CASE WHEN ts < $2 THEN $3 ELSE $4 END), ts, timestamptz 'epoch'))
           FILTER (WHERE ts < $1),
         count(changed_from), count(verdict_from), count(*) FILTER (WHERE restarted)
  FROM vm_samples WHERE vm = name)
  AS counted (recent, steps, changes, verdicts, restarts))";

} // namespace

result<void> compare_machines(connection& db, const ledger& right, timestamp now, verify_report& report) {
  const thinning rule{now};
  const auto seconds = [](std::chrono::duration<double> time) { return time.count(); };
  const auto found =
      db.exec(select_machines, parameters{rule.whole_from, rule.close_from, seconds(limits::samples_wide_step),
                                          seconds(limits::samples_close_step)});
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
    sample_counts counts;
    for (auto* const each :
         {&counts.recent, &counts.steps, &counts.marks.changes, &counts.marks.verdicts, &counts.marks.restarts})
      *each = reader.next<int64_t>();
    const auto stored = words(id, ts, state, since, counts);
    const auto history = must_be.find(name);
    const auto wanted = history == must_be.end() ? "not there" : words_of(history->second, rule);
    if (stored != wanted) note(report, "vms", name + " is " + stored + " but must be " + wanted);
    if (history != must_be.end()) must_be.erase(history);
  }
  for (const auto& [name, snapshots] : must_be)
    note(report, "vms", name + " is missing but must be " + words_of(snapshots, rule));
  return {};
}

} // namespace agentmon::store
