#pragma once
#include "protocol/time.hpp"
#include "protocol/usage.hpp"
#include "protocol/uuid.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// How a session, run or span ended; `none` when its events do not say.
enum class outcome : uint8_t { none, success, error, aborted };
std::string_view to_string(outcome);

/// One envelope (docs/event.md, schema/event.schema.json) as its columns. Every view points into the event_batch that
/// holds it; an absent string is empty.
struct event {
  uuid id;
  timestamp ts;
  std::string_view type;
  std::string_view framework;
  std::string_view client_id;
  std::string_view host;
  std::string_view session_id;
  std::string_view run_id;
  std::string_view span_id;
  std::string_view parent_span_id;
  std::string_view trace_id;
  std::string_view attributes; ///< JSON text of an object; empty when absent
  std::string_view payload;    ///< JSON text of an object; empty when absent
  std::string_view json;       ///< JSON text of the whole envelope, as it came in
  bool holds_nul = false;      ///< the escape \u0000 stands somewhere in it, which jsonb refuses

  // The well-known payload keys that arithmetic needs.
  outcome status = outcome::none;
  std::optional<int64_t> duration_us; ///< payload.duration_ms in microseconds
  std::string_view kind;              ///< tool, model, compaction, subagent, or empty
  std::string_view name;              ///< of the tool
  std::string_view model;             ///< payload.usage.model
  std::string_view error_message;     ///< payload.error.message
  std::string_view input;             ///< the beginning of payload.input's text (docs/event.md)
  usage used;
};

/// Why one event of a batch was refused.
struct rejection {
  size_t index = 0;    ///< position in the batch, from 0
  std::string field;   ///< dotted path, as "event.ts"; empty when the event itself is no object
  std::string message; ///< what is wrong and what is allowed
};

/// Decoded events and the memory that their views point into. Movable, not copyable; moving keeps all views valid.
struct event_batch {
  event_batch() = default;
  event_batch(event_batch&&) = default;
  event_batch& operator=(event_batch&&) = default;

  std::vector<char> text; ///< the JSON that was decoded (a vector, because a moved string may move its bytes)
  std::deque<std::string> unescaped; ///< strings whose text holds escapes
  std::vector<event> events;         ///< the valid ones, in order
  std::vector<rejection> rejections; ///< the others, one fault each
};

} // namespace agentmon
