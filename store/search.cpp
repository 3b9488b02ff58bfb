#include "store/search.hpp"

#include "protocol/limits.hpp"
#include "store/parameters.hpp"

#include <set>

namespace agentmon::store {
namespace {

/// Where a run's events lie; of run '' those of its session.
struct run_times {
  timestamp first;
  timestamp last;
};

result<std::optional<run_times>> times_of(connection& db, const run_key& run) {
  const auto found =
      run.run_id.empty()
          ? db.exec_prepared("SELECT first_ts, last_ts FROM sessions WHERE session_id = $1", parameters{run.session_id})
          : db.exec_prepared("SELECT first_ts, last_ts FROM runs WHERE session_id = $1 AND run_id = $2",
                             parameters{run.session_id, run.run_id});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return std::nullopt;
  return run_times{found->get<timestamp>(0, 0), found->get<timestamp>(0, 1)};
}

// The text is cut at $5 bytes: a character has at most four, so a quarter as many are safe when they are not all ASCII.
// The marks are document_mark()'s (store/search_words.hpp).
constexpr auto index_run = R"(
INSERT INTO run_documents (session_id, run_id, first_ts, last_ts, events_indexed, document)
SELECT $1, $2, first_ts, last_ts, events,
       to_tsvector('simple', left(words, CASE WHEN octet_length(words) > length(words) THEN $5 / 4 ELSE $5 END))
       || array_to_tsvector(types || frameworks || hosts || names || (E'\001n' || lower($1 COLLATE "C"))
                            || (E'\001d' || floor(extract(epoch FROM last_ts) / 86400)::integer))
FROM (SELECT min(ts), max(ts), count(*), COALESCE(string_agg(event_words(payload, attributes), ' '), ''),
             array_agg(DISTINCT E'\001t' || type), array_agg(DISTINCT E'\001f' || source_framework),
             COALESCE(array_agg(DISTINCT E'\001h' || host) FILTER (WHERE host IS NOT NULL), '{}'),
             array_remove(array_agg(DISTINCT E'\001n' || lower(source_framework))
                          || array_agg(DISTINCT E'\001n' || lower(client_id))
                          || array_agg(DISTINCT E'\001n' || lower(host)), NULL)
      FROM events
      WHERE session_id = $1 AND COALESCE(run_id, '') = $2 AND ts >= $3 AND ts <= $4)
     AS run (first_ts, last_ts, events, words, types, frameworks, hosts, names)
WHERE events > 0
ON CONFLICT (session_id, run_id) DO UPDATE
SET first_ts = EXCLUDED.first_ts, last_ts = EXCLUDED.last_ts, events_indexed = EXCLUDED.events_indexed,
    document = EXCLUDED.document)";

constexpr auto select_behind = R"(
SELECT session_id, run_id
FROM (SELECT session_id, run_id, events FROM runs
      UNION ALL
      SELECT session_id, '', sessions.events - COALESCE(sum(runs.events), 0)::bigint
      FROM sessions LEFT JOIN runs USING (session_id)
      GROUP BY session_id, sessions.events) AS stored
LEFT JOIN run_documents USING (session_id, run_id)
WHERE stored.events > 0 AND stored.events <> COALESCE(events_indexed, 0)
LIMIT $1)";

} // namespace

result<size_t> index_runs(connection& db, std::span<const run_key> runs) {
  // In the same order everywhere, so that two indexers never wait for each other in a circle.
  const std::set<run_key> ordered(runs.begin(), runs.end());
  return db.transaction([&]() -> result<size_t> {
    size_t indexed = 0;
    for (const auto& run : ordered) {
      const auto times = times_of(db, run);
      if (!times) return tl::unexpected{times.error()};
      if (!*times) continue;
      const auto done = db.exec(index_run, parameters{run.session_id, run.run_id, (*times)->first, (*times)->last,
                                                      static_cast<int32_t>(limits::search_document_bytes)});
      if (!done) return tl::unexpected{done.error()};
      indexed += static_cast<size_t>(done->affected());
    }
    return indexed;
  });
}

result<std::vector<run_key>> runs_to_index(connection& db, size_t limit) {
  const auto found = db.exec(select_behind, parameters{static_cast<int64_t>(limit)});
  if (!found) return tl::unexpected{found.error()};
  std::vector<run_key> runs;
  for (int row = 0; row < found->size(); ++row)
    runs.push_back({found->get<std::string>(row, 0), found->get<std::string>(row, 1)});
  return runs;
}

} // namespace agentmon::store
