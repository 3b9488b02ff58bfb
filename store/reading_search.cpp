#include "protocol/limits.hpp"
#include "store/reading_events.hpp"
#include "store/search_words.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

const uuid last_id = *parse_uuid("ffffffff-ffff-ffff-ffff-ffffffffffff");

/// The events of some matching runs, newest first, at most `wanted`. When so many are there already, only those that
/// are not older than all of them: taking an event's words apart is what a search costs.
result<void> add_events_of(connection& db, const event_filter& filter, const search_words& words,
                           std::span<const matching_run> runs, size_t wanted, std::vector<page_item>& items) {
  column sessions, ids, begins, ends;
  auto from = runs.front().first_ts, to = runs.front().last_ts;
  for (const auto& run : runs) {
    sessions.push(run.session_id);
    ids.push(run.run_id);
    begins.push(run.first_ts);
    ends.push(run.last_ts);
    from = std::min(from, run.first_ts);
    to = std::max(to, run.last_ts);
  }
  if (items.size() >= wanted) from = std::max(from, items[wanted - 1].ts);
  conditions where;
  where.both("ts >= ", from).both("ts <= ", filter.cursor ? std::min(to, filter.cursor->ts) : to);
  where.plain("session_id = run.session_id AND COALESCE(run_id, '') = run.run_id AND ts >= begins AND ts <= ends");
  add_conditions(where, filter);
  if (!words.piece.empty()) {
    const auto like = where.next('%' + words.piece + '%');
    where.plain("(payload::text ILIKE " + like + " OR attributes::text ILIKE " + like + ')');
  }
  where.both("to_tsvector('simple', event_words(payload, attributes)) @@ (", words.of_event, ")::tsquery");
  const auto limit = where.next(static_cast<int64_t>(wanted));
  const auto in_order = "\nORDER BY ts DESC, event_id DESC LIMIT " + limit;
  const auto of_runs = "unnest(" + where.next(sessions) + ", " + where.next(ids) + ", " + where.next(begins) + ", "
                       + where.next(ends) + ") AS run (session_id, run_id, begins, ends)";
  const auto found =
      db.exec("SELECT event.* FROM " + of_runs + " CROSS JOIN LATERAL (\nSELECT " + std::string{stored_event_columns}
                  + " FROM events\n" + where.text() + in_order + ") AS event" + in_order,
              where.with());
  if (!found) return tl::unexpected{found.error()};
  add_items(*found, items);
  return {};
}

/// How many of the runs, at most `most`, one statement asks for: it is planned for each day that they touch.
size_t close_together(std::span<const matching_run> runs, size_t most) {
  auto from = runs.front().first_ts, to = runs.front().last_ts;
  size_t count = 1;
  for (; count < std::min(runs.size(), most); ++count) {
    from = std::min(from, runs[count].first_ts);
    to = std::max(to, runs[count].last_ts);
    if (to - from > close_by) break;
  }
  return count;
}

/// A page that grows as runs are looked into.
struct growing_page {
  connection& db;
  const event_filter& filter;
  const search_words& words;
  size_t wanted;
  std::vector<page_item> items;
  size_t runs_looked_into = 0;

  /// Whether it is full and what is still to come, none of it after `position`, is older than all of it.
  bool complete(timestamp position) const { return items.size() >= wanted && items[wanted - 1].ts > position; }

  /// Looks into the runs until the page is complete.
  result<void> add(std::span<const matching_run> runs) {
    while (!runs.empty() && !complete(runs.front().last_ts)) {
      // A few at first: of a frequent word's runs the first ones fill the page.
      const auto count = close_together(runs, runs_at_first + runs_looked_into);
      if (auto added = add_events_of(db, filter, words, runs.first(count), wanted, items); !added) return added;
      std::sort(items.begin(), items.end(),
                [](const auto& a, const auto& b) { return std::tie(a.ts, a.id) > std::tie(b.ts, b.id); });
      if (items.size() > wanted) items.resize(wanted);
      runs_looked_into += count;
      runs = runs.subspan(count);
    }
    return {};
  }

  static constexpr size_t runs_at_first = 8;
};

} // namespace

result<page> search_events(connection& db, const event_filter& filter, size_t wanted) {
  const auto words = read_search_words(db, filter);
  if (!words) return tl::unexpected{words.error()};
  if (words->of_event.empty()) return page{};
  growing_page found{db, filter, *words, wanted, {}};
  run_walk walk{db, filter, *words};
  for (;;) {
    const auto runs = walk.next();
    if (!runs) return tl::unexpected{runs.error()};
    if (auto added = found.add(*runs); !added) return tl::unexpected{added.error()};
    const bool over = walk.ended() || (filter.from && walk.position() < *filter.from);
    if (over || found.complete(walk.position())) return page{std::move(found.items), std::nullopt};
    const bool got_on = !filter.cursor || walk.position() < filter.cursor->ts;
    if (found.runs_looked_into < limits::search_look_runs || !got_on) continue;
    // Enough for one page. What is still to come may lie between the older of these.
    while (!found.items.empty() && found.items.back().ts <= walk.position()) found.items.pop_back();
    return page{std::move(found.items), page_cursor{walk.position(), to_string(last_id)}};
  }
}

} // namespace agentmon::store
