#include "store/access_keys.hpp"

namespace agentmon::store {
namespace {

constexpr auto select_keys = R"(
SELECT key_id, name, digest, may_ingest, may_query, is_admin, client_id, created_at, expires_at, revoked_at, accepted,
       rejected, last_used_at
FROM access_keys ORDER BY created_at, key_id)";

constexpr auto insert_key = R"(
INSERT INTO access_keys (key_id, name, digest, may_ingest, may_query, is_admin, client_id, created_at, expires_at)
SELECT $1, $2, $3, $4 = 1, $5 = 1, $6 = 1, $7, $8, $9)";

// A key that was never used has been told of, too: its counters are 0 then, not unknown.
constexpr auto add_use = R"(
UPDATE access_keys AS stored
SET accepted = COALESCE(stored.accepted, 0) + told.accepted, rejected = COALESCE(stored.rejected, 0) + told.rejected,
    last_used_at = CASE WHEN told.accepted > 0 THEN GREATEST(stored.last_used_at, $4) ELSE stored.last_used_at END
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS told (key_id, accepted, rejected)
WHERE stored.key_id = told.key_id)";

bool read_flag(const rows& found, int row, int column) { return found.get<std::string>(row, column) == "\1"; }

} // namespace

result<std::vector<used_key>> read_access_keys(connection& db) {
  const auto there = db.exec("SELECT to_regclass('access_keys') IS NOT NULL", parameters{});
  if (!there) return tl::unexpected{there.error()};
  if (!read_flag(*there, 0, 0)) return std::vector<used_key>{};
  const auto found = db.exec(select_keys, parameters{});
  if (!found) return tl::unexpected{found.error()};
  std::vector<used_key> keys;
  for (int row = 0; row < found->size(); ++row) {
    used_key used;
    used.key.id = found->get<std::string>(row, 0);
    used.key.name = found->get<std::string>(row, 1);
    used.key.digest = found->get<std::string>(row, 2);
    used.key.may_ingest = read_flag(*found, row, 3);
    used.key.may_query = read_flag(*found, row, 4);
    used.key.is_admin = read_flag(*found, row, 5);
    used.key.client_id = found->get<std::optional<std::string>>(row, 6);
    used.key.created = found->get<timestamp>(row, 7);
    used.key.expires = found->get<std::optional<timestamp>>(row, 8);
    used.key.revoked = found->get<std::optional<timestamp>>(row, 9);
    used.accepted = found->get<std::optional<int64_t>>(row, 10);
    used.rejected = found->get<std::optional<int64_t>>(row, 11);
    used.last_used = found->get<std::optional<timestamp>>(row, 12);
    keys.push_back(std::move(used));
  }
  return keys;
}

result<void> add_access_key(connection& db, const access_key& key) {
  const auto flag = [](bool yes) { return int32_t{yes ? 1 : 0}; };
  return db
      .exec(insert_key, parameters{key.id, key.name, binary::bytes{key.digest}, flag(key.may_ingest),
                                   flag(key.may_query), flag(key.is_admin), key.client_id, key.created, key.expires})
      .map([](const rows&) {});
}

result<void> revoke_access_key(connection& db, const std::string& id) {
  const auto done =
      db.exec("UPDATE access_keys SET revoked_at = COALESCE(revoked_at, now()) WHERE key_id = $1", parameters{id});
  if (!done) return tl::unexpected{done.error()};
  if (done->affected() == 0) return fail(fault::not_found, "there is no access key " + id);
  return {};
}

result<void> add_key_use(connection& db, const std::vector<key_use>& told, timestamp now) {
  if (told.empty()) return {};
  column_set columns{3};
  for (const auto& use : told) columns.row(use.id, use.accepted, use.rejected);
  auto with = columns.as_parameters();
  with.add(now);
  return db.exec(add_use, with).map([](const rows&) {});
}

} // namespace agentmon::store
