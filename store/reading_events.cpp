#include "store/reading_events.hpp"

#include "protocol/limits.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

using std::chrono::microseconds;

/// From when to when a session has events; nothing when there is no such session.
result<std::vector<time_range>> times_of_session(connection& db, const std::string& session_id, timestamp before) {
  const auto found =
      db.exec_prepared("SELECT first_ts, last_ts FROM sessions WHERE session_id = $1", parameters{session_id});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return std::vector<time_range>{};
  const auto end = found->get<timestamp>(0, 1) + microseconds{1};
  return std::vector<time_range>{{found->get<timestamp>(0, 0), std::min(end, before)}};
}

result<page> list_events(connection& db, const event_filter& filter, size_t wanted) {
  const auto end_of_time = timestamp{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};
  const auto before = filter.cursor ? filter.cursor->ts + microseconds{1} : end_of_time;
  const auto ranges = filter.session_id.empty() ? times_of_events(db, filter, before, wanted)
                                                : times_of_session(db, filter.session_id, before);
  if (!ranges) return tl::unexpected{ranges.error()};
  page found;
  return add_events(db, filter, *ranges, wanted, found.items).map([&] { return std::move(found); });
}

/// What add_events() asks for ranges that lie close together.
result<rows> read_ranges(connection& db, const event_filter& filter, std::span<const time_range> ranges,
                         size_t wanted) {
  // First and last stand in the statement itself, so that the planner looks at the days between and no others.
  conditions where;
  where.both("ts >= ", ranges.back().from).both("ts < ", ranges.front().to);
  where.if_any("session_id = ", filter.session_id);
  add_conditions(where, filter);
  const auto limit = where.next(static_cast<int64_t>(wanted));
  const auto in_order = "\nORDER BY ts DESC, event_id DESC LIMIT " + limit;
  const auto select = "SELECT " + std::string{stored_event_columns} + " FROM events\n" + where.text();
  if (ranges.size() == 1) return db.exec(select + in_order, where.with());
  column begins, ends;
  for (const auto& range : ranges) {
    begins.push(range.from);
    ends.push(range.to);
  }
  const auto spans = "unnest(" + where.next(begins) + ", " + where.next(ends) + ") AS span (begins, ends)";
  return db.exec("SELECT event.* FROM " + spans + " CROSS JOIN LATERAL (\n" + select
                     + "\n  AND ts >= span.begins AND ts < span.ends" + in_order + ") AS event" + in_order,
                 where.with());
}

} // namespace

void add_conditions(conditions& where, const event_filter& filter) {
  if (filter.cursor)
    where.plain("(ts, event_id) < (" + where.next(filter.cursor->ts) + ", "
                + where.next(parse_uuid(filter.cursor->id).value_or(uuid{})) + ')');
  if (filter.from) where.both("ts >= ", *filter.from);
  where.if_any("type = ", filter.event_type);
  where.if_any("source_framework = ", filter.framework).if_any("host = ", filter.host);
}

void add_items(const rows& found, std::vector<page_item>& items) {
  for (int row = 0; row < found.size(); ++row) {
    row_reader reader{found, row};
    const auto e = read_stored_event(reader);
    json_writer json;
    write_item(json, e);
    items.push_back({e.ts, e.event_id, json.text()});
  }
}

result<void> add_events(connection& db, const event_filter& filter, std::span<const time_range> ranges, size_t wanted,
                        std::vector<page_item>& items) {
  while (!ranges.empty() && items.size() < wanted) {
    size_t together = 1;
    while (together < ranges.size() && ranges[together].to + close_by >= ranges[together - 1].from) ++together;
    const auto found = read_ranges(db, filter, ranges.first(together), wanted - items.size());
    if (!found) return tl::unexpected{found.error()};
    add_items(*found, items);
    ranges = ranges.subspan(together);
  }
  return {};
}

result<std::string> read_event(connection& db, const std::string& event_id, const std::optional<timestamp>& ts) {
  const auto missing = fail(fault::not_found, "there is no event " + event_id.substr(0, 200));
  const auto id = parse_uuid(event_id);
  if (!id) return missing;
  conditions where;
  where.both("event_id = ", *id);
  if (ts) { // an event is known by its id within its day
    const timestamp day = std::chrono::floor<std::chrono::days>(*ts);
    where.both("ts >= ", day).both("ts < ", timestamp{day + std::chrono::days{1}});
  }
  const auto found = db.exec("SELECT " + std::string{stored_event_columns} + " FROM events\n" + where.text()
                                 + "\nORDER BY ts DESC LIMIT 1",
                             where.with());
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return missing;
  row_reader reader{*found, 0};
  json_writer json;
  write_item(json, read_stored_event(reader));
  return json.text();
}

result<std::string> read_events(connection& db, const event_filter& filter) {
  const auto wanted = filter.limit + 1; // one more tells whether there is a next page
  const auto found = filter.q.empty() ? list_events(db, filter, wanted) : search_events(db, filter, wanted);
  if (!found) return tl::unexpected{found.error()};
  const auto& items = found->items;
  json_writer json;
  json.begin_object().key("events").begin_array();
  size_t shown = 0, bytes = 0;
  for (; shown < std::min(items.size(), filter.limit) && bytes < limits::page_bytes; ++shown) {
    bytes += items[shown].json.size();
    json.raw(items[shown].json);
  }
  json.end_array();
  auto next = found->looked_to;
  if (items.size() > shown) next = page_cursor{items[shown - 1].ts, to_string(items[shown - 1].id)};
  json.member("next_cursor", next ? std::optional{encode_cursor(*next)} : std::nullopt);
  return json.end_object().text();
}

} // namespace agentmon::store
