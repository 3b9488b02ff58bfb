#pragma once
#include "protocol/event.hpp"
#include "protocol/json_reader.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The rules of schema/event.schema.json, one field at a time. The decoder finds the fields, this judges them.
namespace agentmon {

/// The places in an envelope that mean something to us; everything else is kept as it is and never looked at.
enum class slot : uint8_t {
  unknown,
  envelope,
  schema,
  event,
  correlation,
  attributes,
  payload,
  schema_name,
  schema_version,
  id,
  type,
  ts,
  source,
  framework,
  client_id,
  host,
  session_id,
  run_id,
  span_id,
  parent_span_id,
  trace_id,
  status,
  duration_ms,
  kind,
  name,
  input,
  input_text,
  input_message,
  input_prompt,
  input_content,
  error,
  error_type,
  error_message,
  usage,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  cost_usd,
  model,
};

/// The slot that `key` names inside the object `parent`.
slot slot_of(slot parent, std::string_view key);

/// payload.input, or what may hold its text: of these only the beginning matters.
constexpr bool is_input(slot self) { return self >= slot::input && self <= slot::input_content; }

/// One to limits::id_characters printable characters (control characters are none; UTF-8 counts by code point).
bool is_name(std::string_view);

/// Dotted lower-case words: "span.end", "openclaw.snapshot", "my_tool.tick".
bool is_event_type(std::string_view);

/// False for numbers that nobody can mean: over 400 digits when written out, as jsonb does, or more than a double
/// holds.
bool is_storable_number(std::string_view text);

/// True when decoded UTF-8 holds half a surrogate pair (from an escape such as \udc00), which jsonb refuses.
bool has_lone_surrogate(std::string_view decoded);

/// What is wrong with one field.
struct field_fault {
  std::string field; ///< dotted path
  std::string message;
};

/// Collects what one envelope shows and remembers its first fault.
class event_checks {
public:
  /// A value in a known place: checks it and, if it is right, sets the event's column. `text` is the decoded string or
  /// the number's digits, living as long as the event's batch for strings.
  void see(agentmon::event&, slot, value_type, std::string_view text);
  void number_out_of_range();
  void lone_surrogate();

  /// The first fault of the whole envelope, once it has been seen to its end: a bad value before what is missing.
  std::optional<field_fault> first_fault(const agentmon::event&) const;

private:
  void fault(slot, std::string message);
  void see_input(agentmon::event&, slot, value_type, std::string_view text);
  void see_payload(agentmon::event&, slot, value_type, std::string_view text);
  void see_usage(agentmon::event&, slot, value_type, std::string_view text);

  std::optional<field_fault> fault_;
  std::optional<field_fault> payload_fault_; ///< counts only for the types whose payload keys we define
  std::array<bool, static_cast<size_t>(slot::model) + 1> seen_{};
  std::array<std::string_view, 4> input_texts_{}; ///< by the slots behind slot::input
};

} // namespace agentmon
