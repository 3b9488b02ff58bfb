#include "protocol/decode.hpp"
#include "protocol/limits.hpp"
#include "store/json_text.hpp"
#include "store/reading.hpp"
#include "store/state_columns.hpp"
#include "store/state_json.hpp"
#include "store/stored_events.hpp"

#include <map>

namespace agentmon::store {
namespace {

constexpr auto select_events = R"( FROM events
WHERE session_id = $1 AND run_id = $2 AND ts >= $3 AND ts < $4
ORDER BY ts, event_id LIMIT $5)";

/// A span and what its page shows beside the figures: JSON text that points into the rows.
struct span_page {
  span_state state;
  std::string_view input;
  std::string_view output;
  std::string_view error;
  std::string_view attributes;
};

/// The spans by their id, in the order in which they first appear.
struct span_list {
  std::map<std::string, size_t, std::less<>> places;
  std::vector<span_page> spans;

  span_page& of(std::string_view span_id) {
    auto place = places.find(span_id);
    if (place == places.end()) {
      place = places.emplace(span_id, spans.size()).first;
      spans.emplace_back().state.span_id = span_id;
    }
    return spans[place->second];
  }
};

void keep(std::string_view& to, std::string_view json) {
  if (!json.empty() && json != "null" && json != "{}") to = json;
}

bool is_span_event(const stored_event& e) { return e.type.starts_with("span.") && !e.span_id.empty(); }

void write_span(json_writer& json, const span_page& span) {
  const auto& state = span.state;
  const auto description = description_of(state);
  json.begin_object().member("span_id", state.span_id).text_member("parent_span_id", description.parent_span_id);
  json.text_member("name", description.name).text_member("kind", description.kind);
  json.member("status", status_word(state.ended.has_value(), state.status));
  json.member("started_at", state.started_at);
  json.member("ended_at", state.ended ? std::optional{state.ended->ts} : std::nullopt);
  json.millis_member("duration_ms", duration_of(state));
  json.raw_member("input", span.input).raw_member("output", span.output).raw_member("error", span.error);
  json.usage_member(state.used).text_member("model", description.model);
  json.raw_member("attributes", span.attributes.empty() ? "{}" : span.attributes).end_object();
}

result<run_state> find_run(connection& db, const std::string& run_id, const std::string& session_id) {
  const auto found = db.exec("SELECT " + column_list<run_state>()
                                 + " FROM runs WHERE run_id = $1 AND ($2 = '' OR session_id = $2)"
                                   " ORDER BY first_ts DESC LIMIT 1",
                             parameters{run_id, session_id});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty())
    return fail(fault::not_found, "there is no run " + run_id.substr(0, 200)
                                      + (session_id.empty() ? "" : " in session " + session_id.substr(0, 200)));
  return read_states<run_state>(*found).front();
}

result<rows> find_events(connection& db, const run_state& run) {
  static const auto statement = "SELECT " + std::string{stored_event_columns} + select_events;
  return db.exec(statement, parameters{run.session_id, run.run_id, run.first->ts,
                                       timestamp{run.last_ts + std::chrono::microseconds{1}},
                                       static_cast<int64_t>(limits::run_detail_events) + 1});
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

/// Folds events into their spans; false when the text cannot be decoded as a whole.
bool fold_all(span_list& spans, const std::string& envelopes) {
  const auto batch = decode(envelopes);
  if (!batch) return false;
  for (const auto& decoded : batch->events) fold(spans.of(decoded.span_id).state, decoded);
  return true;
}

/// Folds the events of spans, some together, which is cheaper than one by one.
class span_reader {
public:
  void add(stored_event e) {
    const auto rest = keep_texts(spans_.of(e.span_id), e);
    e.payload = rest;
    e.attributes = "{}";
    waiting_.push_back(envelope_text(e));
    if (waiting_.size() == together) fold_waiting();
  }
  const std::vector<span_page>& spans() {
    fold_waiting();
    return spans_.spans;
  }

private:
  void fold_waiting() {
    std::string text;
    for (const auto& envelope : waiting_) text += (text.empty() ? '[' : ',') + envelope;
    // One that cannot be decoded must not take the others with it.
    if (!waiting_.empty() && !fold_all(spans_, text + ']'))
      for (const auto& envelope : waiting_) fold_all(spans_, envelope);
    waiting_.clear();
  }
  static constexpr size_t together = 64;
  span_list spans_;
  std::vector<std::string> waiting_;
};

} // namespace

result<std::string> read_run(connection& db, const std::string& run_id, const std::string& session_id) {
  const auto run = find_run(db, run_id, session_id);
  if (!run) return tl::unexpected{run.error()};
  const auto found = find_events(db, *run);
  if (!found) return tl::unexpected{found.error()};
  const auto shown = std::min(found->size(), static_cast<int>(limits::run_detail_events));
  span_reader spans;
  json_writer others;
  others.begin_array();
  for (int row = 0; row < shown; ++row) {
    row_reader reader{*found, row};
    const auto e = read_stored_event(reader);
    if (is_span_event(e))
      spans.add(e);
    else
      write_item(others, e);
  }
  others.end_array();
  json_writer json;
  json.begin_object();
  write_members(json, *run);
  json.key("spans").begin_array();
  for (const auto& span : spans.spans()) write_span(json, span);
  json.end_array().raw_member("events", others.text());
  return json.member("truncated", found->size() > shown).end_object().text();
}

} // namespace agentmon::store
