#include "protocol/validate.hpp"

#include "protocol/limits.hpp"
#include "protocol/plain_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace agentmon {
namespace {

struct place {
  slot parent;
  std::string_view key;
  slot self;
  value_type wanted;
};

/// Those of one parent stand together.
constexpr std::array places{
    place{slot::envelope, "schema", slot::schema, value_type::object},
    place{slot::envelope, "event", slot::event, value_type::object},
    place{slot::envelope, "correlation", slot::correlation, value_type::object},
    place{slot::envelope, "attributes", slot::attributes, value_type::object},
    place{slot::envelope, "payload", slot::payload, value_type::object},
    place{slot::schema, "name", slot::schema_name, value_type::string},
    place{slot::schema, "version", slot::schema_version, value_type::number},
    place{slot::event, "id", slot::id, value_type::string},
    place{slot::event, "type", slot::type, value_type::string},
    place{slot::event, "ts", slot::ts, value_type::string},
    place{slot::event, "source", slot::source, value_type::object},
    place{slot::source, "framework", slot::framework, value_type::string},
    place{slot::source, "client_id", slot::client_id, value_type::string},
    place{slot::source, "host", slot::host, value_type::string},
    place{slot::correlation, "session_id", slot::session_id, value_type::string},
    place{slot::correlation, "run_id", slot::run_id, value_type::string},
    place{slot::correlation, "span_id", slot::span_id, value_type::string},
    place{slot::correlation, "parent_span_id", slot::parent_span_id, value_type::string},
    place{slot::correlation, "trace_id", slot::trace_id, value_type::string},
    place{slot::payload, "status", slot::status, value_type::string},
    place{slot::payload, "duration_ms", slot::duration_ms, value_type::number},
    place{slot::payload, "kind", slot::kind, value_type::string},
    place{slot::payload, "name", slot::name, value_type::string},
    place{slot::payload, "input", slot::input, value_type::string},
    place{slot::payload, "error", slot::error, value_type::object},
    place{slot::payload, "usage", slot::usage, value_type::object},
    place{slot::error, "type", slot::error_type, value_type::string},
    place{slot::error, "message", slot::error_message, value_type::string},
    place{slot::usage, "input_tokens", slot::input_tokens, value_type::number},
    place{slot::usage, "output_tokens", slot::output_tokens, value_type::number},
    place{slot::usage, "cache_read_tokens", slot::cache_read_tokens, value_type::number},
    place{slot::usage, "cache_write_tokens", slot::cache_write_tokens, value_type::number},
    place{slot::usage, "reasoning_tokens", slot::reasoning_tokens, value_type::number},
    place{slot::usage, "cost_usd", slot::cost_usd, value_type::number},
    place{slot::usage, "model", slot::model, value_type::string},
    place{slot::input, "text", slot::input_text, value_type::string},
    place{slot::input, "message", slot::input_message, value_type::string},
    place{slot::input, "prompt", slot::input_prompt, value_type::string},
    place{slot::input, "content", slot::input_content, value_type::string},
};

constexpr size_t slots = static_cast<size_t>(slot::model) + 1;
constexpr size_t index_of(slot self) { return static_cast<size_t>(self); }

/// Where each slot stands in `places`, and those inside of it.
struct placing {
  size_t own = places.size();
  size_t children = 0, children_end = 0;
};
constexpr auto placings = [] {
  std::array<placing, slots> all{};
  for (size_t i = 0; i < places.size(); ++i) {
    all[index_of(places[i].self)].own = i;
    auto& parent = all[index_of(places[i].parent)];
    if (parent.children_end == 0) parent.children = i;
    parent.children_end = i + 1;
  }
  return all;
}();

static_assert([] {
  for (size_t self = 0; self < slots; ++self)
    for (size_t i = placings[self].children; i < placings[self].children_end; ++i)
      if (index_of(places[i].parent) != self) return false;
  return true;
}());

const place* place_of(slot self) {
  const auto at = placings[index_of(self)].own;
  return at == places.size() ? nullptr : &places[at];
}

std::string path_of(slot self) {
  const auto* const here = place_of(self);
  if (here == nullptr) return {};
  const auto above = path_of(here->parent);
  return above.empty() ? std::string{here->key} : above + '.' + std::string{here->key};
}

std::string_view article(value_type type) {
  switch (type) {
  case value_type::null: return "null";
  case value_type::boolean: return "true or false";
  case value_type::number: return "a number";
  case value_type::string: return "a string";
  case value_type::object: return "an object";
  case value_type::array: return "an array";
  }
  return "";
}

bool is_required(slot self) {
  return self == slot::schema || self == slot::event || self == slot::schema_name || self == slot::schema_version
         || self == slot::id || self == slot::type || self == slot::ts || self == slot::source
         || self == slot::framework;
}

bool is_in_payload(slot self) { return self >= slot::status; }

bool is_lifecycle(std::string_view type) {
  return type == "session.start" || type == "session.end" || type == "run.start" || type == "run.end"
         || type == "span.start" || type == "span.end" || type == "error";
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
  return value;
}

// So small that sums over all events that there may ever be stay within 64 bits: a hundred thousand of the largest.
constexpr double most_tokens = 1e12, most_dollars = 1e5, most_milliseconds = 1e11;

/// A whole number from 0, also when written 12.0 or 1e3.
std::optional<int64_t> tokens(std::string_view text) {
  const auto value = number(text);
  if (!value || *value < 0 || *value > most_tokens || std::trunc(*value) != *value) return std::nullopt;
  return static_cast<int64_t>(*value);
}

/// A decimal from 0 to `largest` in units of 1/scale.
std::optional<int64_t> scaled(std::string_view text, double scale, double largest) {
  const auto value = number(text);
  if (!value || *value < 0 || *value > largest) return std::nullopt;
  return std::llround(*value * scale);
}

constexpr auto name_rule = "must be 1 to 128 printable characters";

} // namespace

bool is_name(std::string_view text) {
  if (text.empty() || plain_text::holds_control(text)) return false;
  const auto is_first = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return text.size() <= limits::id_characters
         || static_cast<size_t>(std::count_if(text.begin(), text.end(), is_first)) <= limits::id_characters;
}

slot slot_of(slot parent, std::string_view key) {
  const auto& [own, from, to] = placings[index_of(parent)];
  for (size_t i = from; i < to; ++i)
    if (places[i].key == key) return places[i].self;
  return slot::unknown;
}

bool is_event_type(std::string_view text) {
  if (text.empty() || text.size() > limits::type_characters) return false;
  bool at_start = true;
  for (const char c : text) {
    if (c == '.') {
      if (at_start) return false;
      at_start = true;
    } else {
      const bool letter = c >= 'a' && c <= 'z';
      if (!letter && (at_start || !((c >= '0' && c <= '9') || c == '_' || c == '-'))) return false;
      at_start = false;
    }
  }
  return !at_start;
}

bool is_storable_number(std::string_view text) {
  constexpr size_t longest = 400;
  constexpr size_t sure = 308; // digits, or a power of ten, that every double holds
  if (text.size() > longest) return false;
  const auto e = text.find_first_of("eE");
  if (e == std::string_view::npos) return text.size() <= sure || number(text).has_value();
  auto digits = text.substr(e + 1);
  const bool is_small = digits.starts_with('-');
  if (is_small || digits.starts_with('+')) digits.remove_prefix(1);
  size_t exponent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (error != std::errc{} || e + exponent > longest) return false;  // jsonb writes the zeros out
  return is_small || (exponent <= sure && number(text).has_value()); // other readers refuse 0e309, too
}

bool has_lone_surrogate(std::string_view decoded) {
  for (auto at = decoded.find('\xed'); at != std::string_view::npos; at = decoded.find('\xed', at + 1))
    if (at + 1 < decoded.size() && static_cast<unsigned char>(decoded[at + 1]) >= 0xa0) return true;
  return false;
}

void event_checks::fault(slot self, std::string message) {
  auto& to = is_in_payload(self) ? payload_fault_ : fault_;
  if (!to) to = field_fault{path_of(self), std::move(message)};
}

void event_checks::number_out_of_range() {
  if (!fault_) fault_ = field_fault{"", "holds a number that is out of range (more than 400 digits)"};
}

void event_checks::lone_surrogate() {
  if (!fault_) fault_ = field_fault{"", "holds half a surrogate pair (an escape such as \\udc00 alone)"};
}

void event_checks::see(agentmon::event& e, slot self, value_type type, std::string_view text) {
  if (is_input(self)) return see_input(e, self, type, text);
  const auto* const here = place_of(self);
  if (here == nullptr) return;
  if (type == value_type::null && !is_required(self)) return;
  if (type != here->wanted) return fault(self, "must be " + std::string{article(here->wanted)});
  if (std::exchange(seen_[static_cast<size_t>(self)], true)) return fault(self, "is given twice");
  const auto set_name = [&](std::string_view agentmon::event::*column) {
    if (is_name(text))
      e.*column = text;
    else
      fault(self, name_rule);
  };
  switch (self) {
  case slot::schema_name:
    if (text != "agentmon.event") fault(self, "must be \"agentmon.event\"");
    return;
  case slot::schema_version:
    if (text != "1") fault(self, "must be 1");
    return;
  case slot::id:
    if (const auto id = parse_uuid(text))
      e.id = *id;
    else
      fault(self, "must be a UUID of 36 characters");
    return;
  case slot::type:
    if (is_event_type(text))
      e.type = text;
    else
      fault(self, "must be dotted lower-case words of at most 64 characters, as span.end");
    return;
  case slot::ts:
    if (const auto ts = parse_time(text))
      e.ts = *ts;
    else
      fault(self, ts.error().message);
    return;
  case slot::framework: return set_name(&event::framework);
  case slot::client_id: return set_name(&event::client_id);
  case slot::host: return set_name(&event::host);
  case slot::session_id: return set_name(&event::session_id);
  case slot::run_id: return set_name(&event::run_id);
  case slot::span_id: return set_name(&event::span_id);
  case slot::parent_span_id: return set_name(&event::parent_span_id);
  case slot::trace_id: return set_name(&event::trace_id);
  default: return see_payload(e, self, type, text);
  }
}

/// Any JSON is allowed; of keys that come twice the last counts, as in the store.
void event_checks::see_input(agentmon::event& e, slot self, value_type type, std::string_view text) {
  if (type != value_type::string) text = {};
  e.input = text;
  if (self == slot::input) {
    input_texts_.fill({});
    return;
  }
  input_texts_.at(static_cast<size_t>(self) - static_cast<size_t>(slot::input_text)) = text;
  const auto* const first = std::find_if(input_texts_.begin(), input_texts_.end(), [](auto t) { return !t.empty(); });
  if (first != input_texts_.end()) e.input = *first;
}

void event_checks::see_payload(agentmon::event& e, slot self, value_type, std::string_view text) {
  switch (self) {
  case slot::status:
    if (text == "success")
      e.status = outcome::success;
    else if (text == "error")
      e.status = outcome::error;
    else if (text == "aborted")
      e.status = outcome::aborted;
    else
      fault(self, "must be success, error or aborted");
    return;
  case slot::duration_ms:
    if (const auto us = scaled(text, 1000, most_milliseconds))
      e.duration_us = us;
    else
      fault(self, "must be a number of milliseconds from 0 to 1e11");
    return;
  case slot::kind:
    if (is_name(text))
      e.kind = text;
    else
      fault(self, name_rule);
    return;
  case slot::name:
    if (is_name(text))
      e.name = text;
    else
      fault(self, name_rule);
    return;
  case slot::error_message: e.error_message = text; return;
  default: return see_usage(e, self, value_type::number, text);
  }
}

void event_checks::see_usage(agentmon::event& e, slot self, value_type, std::string_view text) {
  const auto set = [&](std::optional<int64_t> agentmon::usage::*field, std::optional<int64_t> value, const char* rule) {
    if (value)
      e.used.*field = value;
    else
      fault(self, rule);
  };
  constexpr auto whole = "must be a whole number from 0 to 1e12";
  switch (self) {
  case slot::input_tokens: return set(&usage::input_tokens, tokens(text), whole);
  case slot::output_tokens: return set(&usage::output_tokens, tokens(text), whole);
  case slot::cache_read_tokens: return set(&usage::cache_read_tokens, tokens(text), whole);
  case slot::cache_write_tokens: return set(&usage::cache_write_tokens, tokens(text), whole);
  case slot::reasoning_tokens: return set(&usage::reasoning_tokens, tokens(text), whole);
  case slot::cost_usd:
    return set(&usage::cost_nano_usd, scaled(text, 1e9, most_dollars),
               "must be an amount of dollars from 0 to 100,000");
  case slot::model:
    if (is_name(text))
      e.model = text;
    else
      fault(self, name_rule);
    return;
  default: return;
  }
}

std::optional<field_fault> event_checks::first_fault(const agentmon::event& e) const {
  if (e.json.size() > limits::event_bytes)
    return field_fault{"", "is larger than " + std::to_string(limits::event_bytes / limits::KiB)
                               + " KiB; cut its input and output"};
  if (fault_) return fault_;
  for (const auto& place : places)
    if (is_required(place.self) && !seen_[static_cast<size_t>(place.self)])
      return field_fault{path_of(place.self), "is missing"};
  const auto needs = [&](slot self, std::string_view prefix) -> std::optional<field_fault> {
    if (seen_[static_cast<size_t>(self)] || !e.type.starts_with(prefix)) return std::nullopt;
    return field_fault{path_of(self), "is missing: " + std::string{e.type} + " needs it"};
  };
  for (const auto& [self, prefix] : std::array<std::pair<slot, std::string_view>, 6>{{{slot::session_id, "session."},
                                                                                      {slot::session_id, "run."},
                                                                                      {slot::run_id, "run."},
                                                                                      {slot::session_id, "span."},
                                                                                      {slot::run_id, "span."},
                                                                                      {slot::span_id, "span."}}})
    if (auto missing = needs(self, prefix)) return missing;
  if (is_lifecycle(e.type)) return payload_fault_;
  return std::nullopt;
}

} // namespace agentmon
