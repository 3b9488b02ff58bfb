#include "protocol/limits.hpp"
#include "protocol/one_line.hpp"
#include "store/json_text.hpp"
#include "store/reading.hpp"
#include "store/run_spans.hpp"
#include "store/state_columns.hpp"
#include "store/state_json.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

constexpr auto select_events = R"( FROM events
WHERE session_id = $1 AND run_id = $2 AND ts >= $3 AND ts < $4
ORDER BY ts, event_id LIMIT $5)";

constexpr auto select_span_events = R"( FROM events
WHERE session_id = $1 AND run_id = $2 AND ts >= $3 AND ts < $4 AND span_id = $6
ORDER BY ts, event_id LIMIT $5)";

/// The members that a span's page and its outline have in common.
void write_description(json_writer& json, const span_state& state, const span_description& description) {
  json.member("span_id", state.span_id).text_member("parent_span_id", description.parent_span_id);
  json.text_member("name", description.name).text_member("kind", description.kind);
  json.member("status", status_word(state.ended.has_value(), state.status));
  json.member("started_at", state.started_at);
  json.member("ended_at", state.ended ? std::optional{state.ended->ts} : std::nullopt);
  json.millis_member("duration_ms", duration_of(state)).text_member("model", description.model);
}

void write_span(json_writer& json, const span_page& span) {
  write_description(json.begin_object(), span.state, description_of(span.state));
  json.raw_member("input", span.input).raw_member("output", span.output).raw_member("error", span.error);
  json.usage_member(span.state.used);
  json.raw_member("attributes", span.attributes.empty() ? "{}" : span.attributes).end_object();
}

std::string_view member_of(std::string_view object, std::string_view wanted) {
  for (const auto& [name, text] : members_of(object))
    if (name == wanted) return text;
  return {};
}

/// Of a JSON value: the text of a string, else the JSON itself.
std::string preview_of(std::string_view json, size_t characters) {
  if (json == "null") return {};
  return one_line(beginning_of_text(json, limits::title_look_bytes), characters);
}

std::string preview_of_error(std::string_view error, size_t characters) {
  for (const auto* const name : {"message", "type"})
    if (auto words = preview_of(member_of(error, name), characters); !words.empty()) return words;
  return preview_of(error, characters);
}

void write_span_outline(json_writer& json, const span_page& span, size_t characters) {
  write_description(json.begin_object(), span.state, description_of(span.state));
  json.text_member("input_preview", preview_of(span.input, characters));
  json.text_member("output_preview", preview_of(span.output, characters));
  json.text_member("error", preview_of_error(span.error, characters));
  if (span.state.used == usage{})
    json.key("usage").null();
  else
    json.usage_member(span.state.used);
  json.end_object();
}

void write_event_outline(json_writer& json, const stored_event& e, size_t characters) {
  std::string preview = preview_of_error(member_of(e.payload, "error"), characters);
  for (const auto* const name : {"input", "output"})
    if (preview.empty()) preview = preview_of(member_of(e.payload, name), characters);
  json.begin_object().member("event_id", e.event_id).member("type", e.type).member("ts", e.ts);
  json.text_member("span_id", e.span_id).text_member("preview", preview).end_object();
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

parameters events_of(const run_state& run, size_t limit) {
  return parameters{run.session_id, run.run_id, run.first->ts, timestamp{run.last_ts + std::chrono::microseconds{1}},
                    static_cast<int64_t>(limit)};
}

/// All previews of a run together stay within their bound.
size_t characters_of_previews(size_t texts) {
  constexpr size_t least = 16;
  const auto share = limits::outline_preview_bytes / std::max<size_t>(1, texts);
  return std::clamp(share, least, limits::preview_characters);
}

} // namespace

result<std::string> read_run(connection& db, const std::string& run_id, const run_view& view, timestamp now) {
  static const auto statement = "SELECT " + std::string{stored_event_columns} + select_events;
  const auto run = find_run(db, run_id, view.session_id);
  if (!run) return tl::unexpected{run.error()};
  const auto found = db.exec(statement, events_of(*run, limits::run_detail_events + 1));
  if (!found) return tl::unexpected{found.error()};
  const auto shown = std::min(found->size(), static_cast<int>(limits::run_detail_events));
  const auto characters = characters_of_previews(static_cast<size_t>(shown));
  span_reader spans;
  json_writer others;
  others.begin_array();
  for (int row = 0; row < shown; ++row) {
    row_reader reader{*found, row};
    const auto e = read_stored_event(reader);
    if (is_span_event(e))
      spans.add(e);
    else if (view.outline)
      write_event_outline(others, e, characters);
    else
      write_item(others, e);
  }
  others.end_array();
  json_writer json;
  json.begin_object();
  write_members(json, *run, now);
  json.key("spans").begin_array();
  for (const auto& span : spans.spans())
    if (view.outline)
      write_span_outline(json, span, characters);
    else
      write_span(json, span);
  json.end_array().raw_member("events", others.text());
  return json.member("truncated", found->size() > shown).end_object().text();
}

result<std::string> read_span(connection& db, const std::string& run_id, const span_address& wanted) {
  static const auto statement = "SELECT " + std::string{stored_event_columns} + select_span_events;
  const auto run = find_run(db, run_id, wanted.session_id);
  if (!run) return tl::unexpected{run.error()};
  const auto found = db.exec(statement, events_of(*run, limits::span_detail_events).add(wanted.span_id));
  if (!found) return tl::unexpected{found.error()};
  span_reader spans;
  json_writer events;
  events.begin_array();
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    const auto e = read_stored_event(reader);
    if (is_span_event(e)) spans.add(e);
    write_item(events, e);
  }
  events.end_array();
  if (spans.spans().empty())
    return fail(fault::not_found,
                "there is no span " + wanted.span_id.substr(0, 200) + " in run " + run_id.substr(0, 200));
  json_writer json;
  write_span(json.begin_object().key("span"), spans.spans().front());
  return json.raw_member("events", events.text()).end_object().text();
}

} // namespace agentmon::store
