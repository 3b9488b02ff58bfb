#include "store/migrate.hpp"

#include "protocol/log.hpp"

namespace agentmon::store {
namespace {

/// FNV-1a, 64 bits: enough to see that a step was edited after it was released.
int64_t checksum(std::string_view text) {
  uint64_t sum = 14695981039346656037ULL;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return static_cast<int64_t>(sum);
}

constexpr auto lock = "SELECT pg_advisory_lock(hashtext('agentmon.migrate'))";
constexpr auto unlock = "SELECT pg_advisory_unlock(hashtext('agentmon.migrate'))";

constexpr auto create_table = R"(
CREATE TABLE IF NOT EXISTS schema_migrations (
  version    bigint PRIMARY KEY,
  name       text NOT NULL,
  checksum   bigint NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
))";

/// Compares what was applied with what this binary knows; gives the number of steps applied.
result<size_t> applied_steps(connection& db, std::span<const migration> steps) {
  const auto known = db.exec("SELECT version, name, checksum FROM schema_migrations ORDER BY version", parameters{});
  if (!known) return tl::unexpected{known.error()};
  for (int row = 0; row < known->size(); ++row) {
    const auto at = static_cast<size_t>(row);
    const auto name = known->get<std::string>(row, 1);
    if (at >= steps.size())
      return fail(fault::invalid, "the database at " + db.where() + " has the schema of a newer agentmon (step " + name
                                      + "); use that version, or another database");
    if (known->get<int64_t>(row, 0) != steps[at].version || known->get<int64_t>(row, 2) != checksum(steps[at].sql))
      return fail(fault::invalid, "step " + name + " of the schema in the database at " + db.where()
                                      + " is not the one that this agentmon knows as " + std::string{steps[at].name}
                                      + "; use the version that made it, or another database");
  }
  return static_cast<size_t>(known->size());
}

result<void> apply(connection& db, const migration& step) {
  auto done = db.transaction([&]() -> result<void> {
    if (auto ran = db.exec(std::string{step.sql}); !ran) return ran;
    return db
        .exec("INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
              parameters{int64_t{step.version}, step.name, checksum(step.sql)})
        .map([](const rows&) {});
  });
  if (!done)
    return fail(done.error().code, "schema step " + std::string{step.name} + " failed: " + done.error().message);
  log::info("store", "schema step applied", {{"step", step.name}});
  return {};
}

result<int> apply_missing(connection& db, std::span<const migration> steps) {
  if (auto created = db.exec(create_table); !created) return tl::unexpected{created.error()};
  const auto applied = applied_steps(db, steps);
  if (!applied) return tl::unexpected{applied.error()};
  for (const auto& step : steps.subspan(*applied))
    if (auto done = apply(db, step); !done) return tl::unexpected{done.error()};
  return static_cast<int>(steps.size() - *applied);
}

} // namespace

result<int> migrate(connection& db, std::span<const migration> steps) {
  if (auto locked = db.exec(lock); !locked) return tl::unexpected{locked.error()};
  auto taken = apply_missing(db, steps);
  if (auto unlocked = db.exec(unlock); !unlocked && taken) return tl::unexpected{unlocked.error()};
  return taken;
}

result<int> migrate(connection& db) { return migrate(db, migrations()); }

} // namespace agentmon::store
