#include "store/run_spans.hpp"

#include "protocol/decode.hpp"
#include "store/json_text.hpp"

namespace agentmon::store {
namespace {

void keep(std::string_view& to, std::string_view json) {
  if (!json.empty() && json != "null" && json != "{}") to = json;
}

/// Notes what the span's page shows of one of its events as it is; gives the rest of the payload.
std::string keep_texts(span_page& span, const stored_event& e) {
  std::string rest;
  for (const auto& [name, text] : members_of(e.payload)) {
    if (name == "input") keep(span.input, text);
    if (name == "output") keep(span.output, text);
    if (name == "error") keep(span.error, text);
    if (name == "input" || name == "output") continue;
    rest.append(rest.empty() ? "{\"" : ",\"").append(name).append("\":").append(text);
  }
  keep(span.attributes, e.attributes);
  return rest.empty() ? "{}" : rest + '}';
}

constexpr size_t together = 64;

} // namespace

bool is_span_event(const stored_event& e) { return e.type.starts_with("span.") && !e.span_id.empty(); }

void span_reader::add(stored_event e) {
  const auto rest = keep_texts(span_of(e.span_id), e);
  e.payload = rest;
  e.attributes = "{}";
  waiting_.push_back(envelope_text(e));
  if (waiting_.size() == together) fold_waiting();
}

const std::vector<span_page>& span_reader::spans() {
  fold_waiting();
  return spans_;
}

span_page& span_reader::span_of(std::string_view span_id) {
  auto place = places_.find(span_id);
  if (place == places_.end()) {
    place = places_.emplace(span_id, spans_.size()).first;
    spans_.emplace_back().state.span_id = span_id;
  }
  return spans_[place->second];
}

/// False when the text cannot be decoded as a whole.
bool span_reader::fold_all(const std::string& envelopes) {
  const auto batch = decode(envelopes);
  if (!batch) return false;
  for (const auto& decoded : batch->events) fold(span_of(decoded.span_id).state, decoded);
  return true;
}

void span_reader::fold_waiting() {
  std::string text;
  for (const auto& envelope : waiting_) text += (text.empty() ? '[' : ',') + envelope;
  // One that cannot be decoded must not take the others with it.
  if (!waiting_.empty() && !fold_all(text + ']'))
    for (const auto& envelope : waiting_) fold_all(envelope);
  waiting_.clear();
}

} // namespace agentmon::store
