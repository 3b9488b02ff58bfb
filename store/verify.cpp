#include "store/verify.hpp"

#include "store/ledger.hpp"
#include "store/retention.hpp"
#include "store/state_columns.hpp"
#include "store/stored_events.hpp"
#include "store/verify_tables.hpp"

namespace agentmon::store {
namespace {

result<void> read_all_events(connection& db, ledger& book, verify_report& report) {
  if (auto declared = declare_events(db, ""); !declared) return declared;
  for (;;) {
    const auto piece = fetch_events(db);
    if (!piece) return tl::unexpected{piece.error()};
    for (const auto& e : piece->batch.events) {
      book.add(e);
      if (report.kept_from && e.ts < *report.kept_from)
        note(report, "events", "event " + to_string(e.id) + " is of a day that was dropped");
    }
    for (const auto& refused : piece->batch.rejections)
      note(report, "events",
           "event " + to_string(piece->ids[refused.index]) + " cannot be read again: " + refused.field + ' '
               + refused.message);
    report.events += piece->ids.size();
    if (piece->is_last) return {};
  }
}

} // namespace

void note(verify_report& report, const std::string& table, std::string example) {
  constexpr size_t examples_kept = 5;
  auto& difference = report.differences[table];
  ++difference.count;
  if (difference.examples.size() < examples_kept) difference.examples.push_back(std::move(example));
}

result<verify_report> verify_in_transaction(connection& db, timestamp at) {
  verify_report report;
  ledger right;
  const auto kept_from = read_kept_from(db);
  if (!kept_from) return tl::unexpected{kept_from.error()};
  report.kept_from = *kept_from;
  auto done = read_all_events(db, right, report);
  right.settle();
  if (done) done = compare_sessions(db, right, report);
  if (done) done = compare_runs(db, right, report);
  if (done) done = compare_rollups(db, right, report);
  if (done) done = compare_machines(db, right, at, report);
  if (!done) return tl::unexpected{done.error()};
  return report;
}

result<verify_report> verify(connection& db, timestamp at) {
  return db.transaction([&] { return verify_in_transaction(db, at); },
                        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

} // namespace agentmon::store
