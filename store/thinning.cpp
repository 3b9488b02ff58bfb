#include "store/thinning.hpp"

#include "protocol/limits.hpp"

namespace agentmon::store {
namespace {

using std::chrono::hours;

constexpr auto select_first = "SELECT min(ts) FROM vm_samples WHERE vm = $1 AND ts >= $2 AND ts < $3";
constexpr auto select_end = "SELECT ts FROM vm_samples WHERE vm = $1 AND ts >= $2 AND ts < $3 ORDER BY ts OFFSET $4 "
                            "LIMIT 1";
constexpr auto select_next_machine = "SELECT name FROM vms WHERE name > $1 ORDER BY name LIMIT 1";

// Of each step the last sample that tells an uptime stays, because the next restart shows by it. And of each day the
// first one and the first that tells an uptime, because they are a machine's first ones when retention drops what is
// before.
constexpr auto remove_samples = R"(
WITH looked AS (
  SELECT ts, event_id, changed_from IS NOT NULL OR verdict_from IS NOT NULL OR restarted AS marked,
         row_number() OVER (
           PARTITION BY date_bin(make_interval(secs => CASE WHEN ts < $4 THEN $5 ELSE $6 END), ts, timestamptz 'epoch')
           ORDER BY uptime_seconds IS NULL, ts DESC, event_id DESC) AS place
  FROM vm_samples WHERE vm = $1 AND ts >= $2 AND ts < $3)
DELETE FROM vm_samples AS sample USING looked
WHERE sample.vm = $1 AND sample.ts = looked.ts AND sample.event_id = looked.event_id AND place > 1 AND NOT marked
  AND EXISTS (SELECT FROM vm_samples AS earlier WHERE earlier.vm = $1 AND earlier.ts >= date_trunc('day', sample.ts, 'UTC')
              AND (earlier.ts, earlier.event_id) < (sample.ts, sample.event_id))
  AND (sample.uptime_seconds IS NULL
       OR EXISTS (SELECT FROM vm_samples AS earlier
                  WHERE earlier.vm = $1 AND earlier.ts >= date_trunc('day', sample.ts, 'UTC')
                    AND (earlier.ts, earlier.event_id) < (sample.ts, sample.event_id)
                    AND earlier.uptime_seconds IS NOT NULL))
RETURNING 1)";

double seconds(std::chrono::duration<double> time) { return time.count(); }

result<std::optional<timestamp>> first_of(connection& db, const thinning_place& at, timestamp until) {
  const auto found = db.exec(select_first, parameters{at.vm, at.from, until});
  if (!found) return tl::unexpected{found.error()};
  return found->get<std::optional<timestamp>>(0, 0);
}

/// A whole hour at which the slice ends; after its beginning.
result<timestamp> end_of_slice(connection& db, const std::string& vm, timestamp begin, timestamp until) {
  const auto found = db.exec(select_end, parameters{vm, begin, until, int64_t{limits::thinning_rows}});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return until;
  const timestamp end = std::chrono::floor<hours>(found->get<timestamp>(0, 0));
  return end > begin ? end : begin + hours{1};
}

result<thinned> next_machine(connection& db, const std::string& after) {
  const auto found = db.exec(select_next_machine, parameters{after});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return thinned{};
  return thinned{0, thinning_place{found->get<std::string>(0, 0)}};
}

} // namespace

thinning::thinning(timestamp now)
    : whole_from{std::chrono::floor<hours>(now - limits::samples_whole)},
      close_from{std::chrono::floor<hours>(now - limits::samples_close)} {}

std::optional<timestamp> thinning::step_of(timestamp at) const {
  if (at >= whole_from) return std::nullopt;
  const auto step = at < close_from ? std::chrono::seconds{limits::samples_wide_step} : limits::samples_close_step;
  return at - at.time_since_epoch() % step;
}

result<thinned> thin_samples(connection& db, const thinning_place& at, timestamp now) {
  const thinning rule{now};
  const auto first = first_of(db, at, rule.whole_from);
  if (!first) return tl::unexpected{first.error()};
  if (!*first) return next_machine(db, at.vm);
  const timestamp begin = std::chrono::floor<hours>(**first);
  const auto end = end_of_slice(db, at.vm, begin, rule.whole_from);
  if (!end) return tl::unexpected{end.error()};
  const auto removed =
      db.exec(remove_samples, parameters{at.vm, begin, *end, rule.close_from, seconds(limits::samples_wide_step),
                                         seconds(limits::samples_close_step)});
  if (!removed) return tl::unexpected{removed.error()};
  return thinned{static_cast<uint64_t>(removed->size()), thinning_place{at.vm, *end}};
}

} // namespace agentmon::store
