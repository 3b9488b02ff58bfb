#include "store/partitions.hpp"

#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <algorithm>
#include <cstdio>

namespace agentmon::store {
namespace {

using std::chrono::days;

std::string midnight(binary::day day) { return "'" + format_time(day) + "'"; }

/// A day that still grows is not vacuumed for its new rows, which nobody removes: to do it over and over costs a tenth
/// of what storing them costs, at the busiest time. Once the day has ended, autovacuum may do it, once.
constexpr auto vacuum_setting = "autovacuum_vacuum_insert_threshold";

std::string create_statements(binary::day day, bool grows) {
  const auto name = partition_name(day);
  const auto from = midnight(day), to = midnight(day + days{1});
  return "CREATE TABLE " + name
         + " (LIKE events INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION);\n"
           // Nobody may add to the day's rows in events_default while they are on their way.
           "LOCK TABLE events_default IN ACCESS EXCLUSIVE MODE;\n"
           "WITH moved AS (DELETE FROM events_default WHERE ts >= "
         + from + " AND ts < " + to
         + " RETURNING *)\n"
           "INSERT INTO "
         + name
         + " SELECT * FROM moved;\n"
           "CREATE UNIQUE INDEX "
         + name + "_id ON " + name
         + " (event_id);\n"
           "ALTER TABLE "
         + name + " ALTER COLUMN attributes SET STATISTICS 0, ALTER COLUMN payload SET STATISTICS 0"
         + (grows ? std::string{", SET ("} + vacuum_setting + " = -1)" : std::string{})
         + ";\n"
           "ALTER TABLE events ATTACH PARTITION "
         + name + " FOR VALUES FROM (" + from + ") TO (" + to + ")";
}

/// Whoever is in the way is waited for only shortly; other writers do not do the same meanwhile.
result<void> take_partition_lock(connection& db) {
  const auto wait = std::to_string(std::chrono::milliseconds{limits::partition_lock_timeout}.count());
  return db.exec("SET LOCAL lock_timeout = " + wait
                 + "; SELECT pg_advisory_xact_lock(hashtext('agentmon.partitions'))");
}

result<void> create(connection& db, binary::day day, bool grows) {
  return db.transaction([&]() -> result<void> {
    if (auto locked = take_partition_lock(db); !locked) return locked;
    const auto there = db.exec("SELECT 1 WHERE to_regclass($1) IS NOT NULL", parameters{partition_name(day)});
    if (!there) return tl::unexpected{there.error()};
    return there->empty() ? db.exec(create_statements(day, grows)) : result<void>{};
  });
}

/// Leaves the days before `today` to autovacuum.
result<void> let_vacuum(connection& db, binary::day today) {
  return db.transaction([&]() -> result<void> {
    if (auto locked = take_partition_lock(db); !locked) return locked;
    const auto ended =
        db.exec("SELECT relname::text FROM pg_class JOIN pg_inherits ON inhrelid = oid"
                " WHERE inhparent = 'events'::regclass AND relname ~ '^events_[0-9]{8}$' AND relname < $1"
                " AND $2 IN (SELECT option_name FROM pg_options_to_table(reloptions))",
                parameters{partition_name(today), std::string{vacuum_setting}});
    if (!ended) return tl::unexpected{ended.error()};
    for (int row = 0; row < ended->size(); ++row)
      if (auto done = db.exec("ALTER TABLE " + ended->get<std::string>(row, 0) + " RESET (" + vacuum_setting + ")");
          !done)
        return done;
    return {};
  });
}

} // namespace

std::string partition_name(binary::day day) {
  const std::chrono::year_month_day date{day};
  char name[40];
  std::snprintf(name, sizeof name, "events_%04d%02u%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return name;
}

result<void> partitions::load(connection& db) {
  const auto found =
      db.exec("SELECT to_date(substr(relname, 8), 'YYYYMMDD') FROM pg_class JOIN pg_inherits ON inhrelid = oid"
              " WHERE inhparent = 'events'::regclass AND relname ~ '^events_[0-9]{8}$'",
              parameters{});
  if (!found) return tl::unexpected{found.error()};
  known_.clear();
  for (int row = 0; row < found->size(); ++row) known_.insert(found->get<binary::day>(row, 0));
  return {};
}

result<void> partitions::ensure(connection& db, const std::set<binary::day>& wanted, timestamp now) {
  const auto today = std::chrono::floor<days>(now);
  for (const auto day : wanted) {
    if (known_.count(day) > 0 || day < today - past || day > today + ahead || now < not_before_) continue;
    auto made = create(db, day, day >= today);
    if (made) {
      known_.insert(day);
      if (day <= today) continue;
      // A day has begun: tomorrow's is the first thing made in it.
      if (auto left = let_vacuum(db, today); !left)
        log::warn("store", "days that have ended wait for their vacuum until tomorrow",
                  {{"reason", left.error().message}});
      continue;
    }
    if (made.error().code != fault::timeout) return made;
    not_before_ = now + std::chrono::duration_cast<std::chrono::microseconds>(limits::partition_retry);
    log::warn("store", "a day's partition has to wait: the table events is in use",
              {{"partition", partition_name(day)}, {"reason", made.error().message}});
  }
  return {};
}

} // namespace agentmon::store
