#include "store/verify.hpp"

#include "protocol/decode.hpp"
#include "store/ledger.hpp"
#include "store/state_columns.hpp"
#include "store/stored_events.hpp"
#include "store/verify_tables.hpp"

namespace agentmon::store {
namespace {

constexpr auto rows_at_once = 1000;

/// Adds one fetch of events to the ledger; gives how many there were.
result<int> add_some(connection& db, ledger& book, verify_report& report) {
  const auto found = db.exec("FETCH " + std::to_string(rows_at_once) + " FROM all_events", parameters{});
  if (!found) return tl::unexpected{found.error()};
  std::string text = "[";
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    if (row > 0) text += ',';
    text += envelope_text(read_stored_event(reader));
  }
  const auto batch = decode(text + ']');
  if (!batch) return tl::unexpected{batch.error()};
  for (const auto& e : batch->events) book.add(e);
  for (const auto& refused : batch->rejections) {
    const auto id = found->get<uuid>(static_cast<int>(refused.index), 0);
    note(report, "events",
         "event " + to_string(id) + " cannot be read again: " + refused.field + ' ' + refused.message);
  }
  report.events += static_cast<uint64_t>(found->size());
  return found->size();
}

result<void> read_all_events(connection& db, ledger& book, verify_report& report) {
  auto declared =
      db.exec("DECLARE all_events NO SCROLL CURSOR FOR SELECT " + std::string{stored_event_columns} + " FROM events");
  if (!declared) return declared;
  for (;;) {
    const auto count = add_some(db, book, report);
    if (!count) return tl::unexpected{count.error()};
    if (*count < rows_at_once) return {};
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
