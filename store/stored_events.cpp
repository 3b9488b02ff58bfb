#include "store/stored_events.hpp"

#include "protocol/decode.hpp"
#include "protocol/encode.hpp"

namespace agentmon::store {

stored_event read_stored_event(row_reader& row) {
  stored_event e;
  e.event_id = row.next<uuid>();
  e.ts = row.next<timestamp>();
  for (auto* const text : {&e.type, &e.session_id, &e.run_id, &e.span_id, &e.parent_span_id, &e.trace_id, &e.framework,
                           &e.client_id, &e.host})
    *text = row.next<std::string_view>();
  e.attributes = row.next<binary::json>().text;
  e.payload = row.next<binary::json>().text;
  return e;
}

std::string envelope_text(const stored_event& e) {
  return encode({.id = e.event_id,
                 .ts = e.ts,
                 .type = e.type,
                 .framework = e.framework,
                 .client_id = e.client_id,
                 .host = e.host,
                 .session_id = e.session_id,
                 .run_id = e.run_id,
                 .span_id = e.span_id,
                 .parent_span_id = e.parent_span_id,
                 .trace_id = e.trace_id,
                 .attributes = e.attributes,
                 .payload = e.payload});
}

result<void> declare_events(connection& db, const std::string& where, const parameters& with) {
  return db
      .exec("DECLARE stored_events NO SCROLL CURSOR FOR SELECT " + std::string{stored_event_columns} + " FROM events"
                + where,
            with)
      .map([](const rows&) {});
}

result<events_piece> fetch_events(connection& db) {
  constexpr auto rows_at_once = 1000;
  const auto found = db.exec("FETCH " + std::to_string(rows_at_once) + " FROM stored_events", parameters{});
  if (!found) return tl::unexpected{found.error()};
  events_piece piece;
  std::string text = "[";
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    if (row > 0) text += ',';
    const auto stored = read_stored_event(reader);
    piece.ids.push_back(stored.event_id);
    text += envelope_text(stored);
  }
  auto batch = decode(text + ']');
  if (!batch) return tl::unexpected{batch.error()};
  piece.batch = std::move(*batch);
  piece.is_last = found->size() < rows_at_once;
  // A cursor that is open keeps the partitions that it reads from being dropped.
  if (piece.is_last)
    if (auto closed = db.exec("CLOSE stored_events"); !closed) return tl::unexpected{closed.error()};
  return piece;
}

void write_item(json_writer& json, const stored_event& e) {
  json.begin_object();
  json.member("event_id", e.event_id).member("ts", e.ts).member("type", e.type);
  json.text_member("session_id", e.session_id).text_member("run_id", e.run_id);
  json.text_member("span_id", e.span_id).text_member("parent_span_id", e.parent_span_id);
  json.text_member("trace_id", e.trace_id).text_member("source_framework", e.framework);
  json.text_member("client_id", e.client_id).text_member("host", e.host);
  json.key("schema").begin_object().member("name", "agentmon.event").member("version", int64_t{1}).end_object();
  json.key("event").begin_object().member("id", e.event_id).member("type", e.type).member("ts", e.ts);
  json.key("source").begin_object().member("framework", e.framework);
  const auto known = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) json.member(name, text);
  };
  known("client_id", e.client_id);
  known("host", e.host);
  json.end_object().end_object();
  json.key("correlation").begin_object();
  known("session_id", e.session_id);
  known("run_id", e.run_id);
  known("span_id", e.span_id);
  known("parent_span_id", e.parent_span_id);
  known("trace_id", e.trace_id);
  json.end_object();
  json.raw_member("attributes", e.attributes).raw_member("payload", e.payload);
  json.end_object();
}

} // namespace agentmon::store
