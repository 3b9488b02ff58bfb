#pragma once
#include "protocol/event.hpp"
#include "protocol/json_writer.hpp"
#include "store/connection.hpp"

#include <string>
#include <vector>

namespace agentmon::store {

/// One row of events; its views live as long as the rows they were read from.
struct stored_event {
  uuid event_id;
  timestamp ts;
  std::string_view type;
  std::string_view session_id;
  std::string_view run_id;
  std::string_view span_id;
  std::string_view parent_span_id;
  std::string_view trace_id;
  std::string_view framework;
  std::string_view client_id;
  std::string_view host;
  std::string_view attributes;
  std::string_view payload;
};

/// The columns of a stored_event, in its order.
constexpr std::string_view stored_event_columns =
    "event_id, ts, type, session_id, run_id, span_id, parent_span_id, trace_id, source_framework, client_id, host,"
    " attributes, payload";

stored_event read_stored_event(row_reader&);

/// The envelope again, as JSON text: what decode() takes.
std::string envelope_text(const stored_event&);

/// Begins to read stored events, within the caller's transaction; `where` is SQL behind the table's name.
result<void> declare_events(connection&, const std::string& where, const parameters& with = {});

/// The next piece of them, decoded; what cannot be read again is in batch.rejections, by their place in `ids`.
struct events_piece {
  event_batch batch;
  std::vector<uuid> ids;
  bool is_last = false;
};
result<events_piece> fetch_events(connection&);

/// An item of /v1/events: the columns, and the envelope's own nesting beside them.
void write_item(json_writer&, const stored_event&);

} // namespace agentmon::store
