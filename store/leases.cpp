#include "store/leases.hpp"

#include "store/parameters.hpp"
#include "store/rows.hpp"

namespace agentmon::store {
namespace {

// One at a time: what two ask for at once is decided once. Reading goes on.
constexpr auto lock = "LOCK TABLE machine_leases IN SHARE ROW EXCLUSIVE MODE";

constexpr auto note = R"(
INSERT INTO machine_leases (vm, monitor, asked)
SELECT DISTINCT vm, $1, clock_timestamp() FROM unnest($2) AS vm
ON CONFLICT (vm, monitor) DO UPDATE SET asked = excluded.asked)";

constexpr auto grant = R"(
UPDATE machine_leases AS mine SET until = clock_timestamp() + make_interval(secs => $3)
WHERE monitor = $1 AND vm = ANY ($2) AND NOT EXISTS (
  SELECT FROM machine_leases AS other
  WHERE other.vm = mine.vm AND other.monitor <> mine.monitor
    AND (other.until > clock_timestamp()
         OR (other.asked > clock_timestamp() - make_interval(secs => $3)
             AND (md5(other.vm || ' ' || other.monitor), other.monitor) > (md5(mine.vm || ' ' || mine.monitor), mine.monitor))))
RETURNING vm)";

constexpr auto release = "DELETE FROM machine_leases WHERE monitor = $1 AND vm = ANY ($2)";

column names(const std::vector<std::string>& vms) {
  column all;
  for (const auto& vm : vms) all.push(vm);
  return all;
}

} // namespace

result<std::vector<std::string>> ask_for_machines(connection& db, const std::string& monitor,
                                                  const std::vector<std::string>& vms, std::chrono::seconds life) {
  std::vector<std::string> granted;
  if (vms.empty()) return granted;
  auto done = db.transaction([&]() -> result<void> {
    if (auto locked = db.exec(lock); !locked) return tl::unexpected{locked.error()};
    if (auto noted = db.exec(note, parameters{monitor, names(vms)}); !noted) return tl::unexpected{noted.error()};
    auto given = db.exec(grant, parameters{monitor, names(vms), std::chrono::duration<double>(life).count()});
    if (!given) return tl::unexpected{given.error()};
    for (int row = 0; row < given->size(); ++row) granted.push_back(given->get<std::string>(row, 0));
    return {};
  });
  if (!done) return tl::unexpected{done.error()};
  return granted;
}

result<void> release_machines(connection& db, const std::string& monitor, const std::vector<std::string>& vms) {
  if (vms.empty()) return {};
  if (auto done = db.exec(release, parameters{monitor, names(vms)}); !done) return tl::unexpected{done.error()};
  return {};
}

} // namespace agentmon::store
