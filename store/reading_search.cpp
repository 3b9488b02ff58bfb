#include "store/paging.hpp"
#include "store/reading_events.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

constexpr int64_t runs_at_once = 50;

/// What the user typed, as tsqueries in text form; empty when there is no word in it.
struct typed_words {
  std::string of_event; ///< must match the event; the last word may be a beginning ("rsy" finds rsync)
  std::string of_run;   ///< must match its run's document: the same without what must not be; empty: any
};

result<typed_words> words_of(connection& db, const std::string& q) {
  const auto found = db.exec(R"(
SELECT words, CASE WHEN querytree(words::tsquery) = 'T' THEN '' ELSE querytree(words::tsquery) END
FROM (SELECT CASE WHEN words LIKE '%''' THEN words || ':*' ELSE words END
      FROM (SELECT websearch_to_tsquery('simple', $1)::text) AS typed (words)) AS prefixed (words))",
                             parameters{q});
  if (!found) return tl::unexpected{found.error()};
  return typed_words{found->get<std::string>(0, 0), found->get<std::string>(0, 1)};
}

/// A run that holds the words somewhere.
struct matching_run {
  std::string session_id;
  std::string run_id;
  timestamp first_ts;
  timestamp last_ts;
};

/// The next of them, by their latest event, newest first.
result<std::vector<matching_run>> next_runs(connection& db, const event_filter& filter, const typed_words& words,
                                            const std::optional<matching_run>& after) {
  conditions where;
  if (!words.of_run.empty()) where.both("document @@ (", words.of_run, ")::tsquery");
  where.if_any("session_id = ", filter.session_id);
  if (filter.cursor) where.both("first_ts <= ", filter.cursor->ts);
  if (after)
    where.plain("(last_ts, session_id, run_id) < (" + where.next(after->last_ts) + ", " + where.next(after->session_id)
                + ", " + where.next(after->run_id) + ')');
  const auto limit = where.next(runs_at_once);
  const auto found = db.exec("SELECT session_id, run_id, first_ts, last_ts FROM run_documents\n" + where.text()
                                 + "\nORDER BY last_ts DESC, session_id DESC, run_id DESC LIMIT " + limit,
                             where.with());
  if (!found) return tl::unexpected{found.error()};
  std::vector<matching_run> runs;
  for (int row = 0; row < found->size(); ++row)
    runs.push_back({found->get<std::string>(row, 0), found->get<std::string>(row, 1), found->get<timestamp>(row, 2),
                    found->get<timestamp>(row, 3)});
  return runs;
}

bool newer(const page_item& a, const page_item& b) { return std::tie(a.ts, a.id) > std::tie(b.ts, b.id); }

} // namespace

result<std::vector<page_item>> search_events(connection& db, const event_filter& filter, size_t wanted) {
  std::vector<page_item> items;
  const auto words = words_of(db, filter.q);
  if (!words) return tl::unexpected{words.error()};
  std::optional<matching_run> last;
  while (!words->of_event.empty()) {
    const auto runs = next_runs(db, filter, *words, last);
    if (!runs) return tl::unexpected{runs.error()};
    for (const auto& run : *runs) {
      auto in_run = filter;
      in_run.session_id = run.session_id;
      const time_range range{run.first_ts, run.last_ts + std::chrono::microseconds{1}};
      if (auto added = add_events(db, in_run, range, wanted, run.run_id, words->of_event, items); !added)
        return tl::unexpected{added.error()};
    }
    std::sort(items.begin(), items.end(), newer);
    if (items.size() > wanted) items.resize(wanted);
    if (runs->size() < static_cast<size_t>(runs_at_once)) break;
    last = runs->back();
    // The runs to come have nothing newer than this run's latest event.
    if (items.size() == wanted && items.back().ts > last->last_ts) break;
  }
  return items;
}

} // namespace agentmon::store
