#include "store/reading_events.hpp"

#include "store/paging.hpp"

namespace agentmon::store {
namespace {

using std::chrono::microseconds;

/// From when to when a session has events; nothing when there is no such session.
result<std::vector<time_range>> times_of_session(connection& db, const std::string& session_id, timestamp before) {
  const auto found = db.exec("SELECT first_ts, last_ts FROM sessions WHERE session_id = $1", parameters{session_id});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return std::vector<time_range>{};
  const auto end = found->get<timestamp>(0, 1) + microseconds{1};
  return std::vector<time_range>{{found->get<timestamp>(0, 0), std::min(end, before)}};
}

result<std::vector<page_item>> list_events(connection& db, const event_filter& filter, size_t wanted) {
  const auto end_of_time = timestamp{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};
  const auto before = filter.cursor ? filter.cursor->ts + microseconds{1} : end_of_time;
  const auto ranges = filter.session_id.empty() ? times_of_events(db, filter, before, wanted)
                                                : times_of_session(db, filter.session_id, before);
  if (!ranges) return tl::unexpected{ranges.error()};
  std::vector<page_item> items;
  for (const auto& range : *ranges) {
    if (auto added = add_events(db, filter, range, wanted - items.size(), {}, {}, items); !added)
      return tl::unexpected{added.error()};
    if (items.size() >= wanted) break;
  }
  return items;
}

} // namespace

result<void> add_events(connection& db, const event_filter& filter, const time_range& range, size_t wanted,
                        const std::optional<std::string>& run_id, const std::string& words,
                        std::vector<page_item>& items) {
  // The range stands in the statement itself, so that the planner looks at the days in it and no others.
  conditions where;
  where.both("ts >= ", range.from).both("ts < ", range.to);
  if (filter.cursor)
    where.plain("(ts, event_id) < (" + where.next(filter.cursor->ts) + ", "
                + where.next(parse_uuid(filter.cursor->id).value_or(uuid{})) + ')');
  where.if_any("session_id = ", filter.session_id).if_any("type = ", filter.event_type);
  where.if_any("source_framework = ", filter.framework).if_any("host = ", filter.host);
  if (run_id && run_id->empty()) where.plain("run_id IS NULL");
  if (run_id) where.if_any("run_id = ", *run_id);
  if (!words.empty()) where.both("to_tsvector('simple', event_words(payload, attributes)) @@ (", words, ")::tsquery");
  const auto limit = where.next(static_cast<int64_t>(wanted));
  const auto found = db.exec("SELECT " + std::string{stored_event_columns} + " FROM events\n" + where.text()
                                 + "\nORDER BY ts DESC, event_id DESC LIMIT " + limit,
                             where.with());
  if (!found) return tl::unexpected{found.error()};
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    const auto e = read_stored_event(reader);
    json_writer json;
    write_item(json, e);
    items.push_back({e.ts, e.event_id, json.text()});
  }
  return {};
}

result<std::string> read_events(connection& db, const event_filter& filter) {
  const auto wanted = filter.limit + 1; // one more tells whether there is a next page
  const auto items = filter.q.empty() ? list_events(db, filter, wanted) : search_events(db, filter, wanted);
  if (!items) return tl::unexpected{items.error()};
  const auto shown = std::min(items->size(), filter.limit);
  json_writer json;
  json.begin_object().key("events").begin_array();
  for (size_t i = 0; i < shown; ++i) json.raw((*items)[i].json);
  json.end_array();
  std::optional<std::string> next;
  if (items->size() > shown) {
    const auto& last = (*items)[shown - 1];
    next = encode_cursor({last.ts, to_string(last.id)});
  }
  return json.member("next_cursor", next).end_object().text();
}

} // namespace agentmon::store
