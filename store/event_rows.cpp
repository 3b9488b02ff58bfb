#include "store/event_rows.hpp"

#include "store/copying.hpp"
#include "store/json_text.hpp"

#include <set>

namespace agentmon::store {
namespace {

constexpr std::string_view columns = "(event_id, ts, type, session_id, run_id, trace_id, span_id, parent_span_id,"
                                     " source_framework, client_id, host, attributes, payload)";
constexpr int16_t width = 13;

void append_text(std::string& to, std::string_view value) {
  if (value.empty())
    binary::append_null(to);
  else
    binary::append_field(to, value);
}

void append_json(std::string& to, std::string_view json, bool holds_nul, std::string& buffer) {
  binary::append_field(to, binary::json{json.empty() ? "{}" : holds_nul ? storable(json, buffer) : json});
}

void append_row(std::string& to, const event& e, std::string& buffer) {
  binary::append_integer(to, width);
  binary::append_field(to, e.id);
  binary::append_field(to, e.ts);
  binary::append_field(to, e.type);
  for (const auto text : {e.session_id, e.run_id, e.trace_id, e.span_id, e.parent_span_id}) append_text(to, text);
  binary::append_field(to, e.framework);
  append_text(to, e.client_id);
  append_text(to, e.host);
  append_json(to, e.attributes, e.holds_nul, buffer);
  append_json(to, e.payload, e.holds_nul, buffer);
}

} // namespace

result<void> copy_events(connection& db, const std::string& table, std::span<const event* const> events,
                         const std::function<void(const event&)>& beside) {
  const auto statement = "COPY " + table + ' ' + std::string{columns} + " FROM STDIN (FORMAT binary)";
  // The texts were decoded megabytes ago and are in no cache any more: while a row is written, what a later one needs
  // is called for. (In a function of its own GCC would leave it out, as one without effect.)
  constexpr size_t line = 64, texts_ahead = 4, events_ahead = 8;
  constexpr size_t most = 4 * limits::KiB; // of a longer text the processor sees by itself where it goes on
  std::string buffer;
  size_t at = 0;
  return copy_rows(db, statement, events, [&](std::string& to, const event* e) {
    if (at + events_ahead < events.size()) {
      const auto* const later = reinterpret_cast<const char*>(events[at + events_ahead]);
      for (size_t i = 0; i < sizeof(event); i += line) __builtin_prefetch(later + i);
      const auto text = events[at + texts_ahead]->json.substr(0, most);
      for (size_t i = 0; i < text.size(); i += line) __builtin_prefetch(text.data() + i);
    }
    ++at;
    append_row(to, *e, buffer);
    beside(*e);
  });
}

result<void> create_staging_table(connection& db) {
  return db.exec(std::string{"CREATE TEMPORARY TABLE "} + staging_table + " (LIKE events) ON COMMIT DELETE ROWS");
}

result<std::vector<const event*>> insert_new(connection& db, std::span<const event* const> staged) {
  static const auto statement = std::string{"INSERT INTO events SELECT * FROM "} + staging_table
                                + " ON CONFLICT DO NOTHING RETURNING event_id, ts";
  const auto inserted = db.exec(statement, parameters{});
  if (!inserted) return tl::unexpected{inserted.error()};
  std::set<std::pair<uuid, timestamp>> keys;
  for (int row = 0; row < inserted->size(); ++row)
    keys.emplace(inserted->get<uuid>(row, 0), inserted->get<timestamp>(row, 1));
  std::vector<const event*> fresh;
  for (const auto* const e : staged)
    if (keys.count({e->id, e->ts}) > 0) fresh.push_back(e);
  return fresh;
}

} // namespace agentmon::store
