#include "store/migrate.hpp"
#include "tests/store/postgres_fixture.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

namespace {

constexpr std::array steps{migration{1, "0001_one", "CREATE TABLE one (n int)"},
                           migration{2, "0002_two", "CREATE TABLE two (n int); INSERT INTO two VALUES (1)"}};

/// The name of the database in a connection's words.
bool has(const failure& f, std::string_view words) { return f.message.find(words) != std::string::npos; }

} // namespace

TEST_CASE("a migrated database needs no step") {
  const database db;
  auto connection = db.connect();
  CHECK(must(migrate(connection)) == 0);
  CHECK(db.value("SELECT count(*) FROM schema_migrations") == std::to_string(migrations().size()));
}

TEST_CASE("steps are taken once, in order, and a failed one leaves nothing behind") {
  const database db;
  auto connection = db.connect();
  must(connection.exec("DROP TABLE schema_migrations"));
  CHECK(must(migrate(connection, std::span{steps}.first(1))) == 1);
  auto broken = steps;
  broken[1].sql = "CREATE TABLE two (n int); SELECT no_such_thing";
  const auto failed = migrate(connection, broken);
  REQUIRE(!failed);
  CHECK(has(failed.error(), "0002_two"));
  CHECK(db.value("SELECT to_regclass('two') IS NULL") == "true");
  CHECK(must(migrate(connection, steps)) == 1);
  CHECK(must(migrate(connection, steps)) == 0);
}

TEST_CASE("a newer database and an edited step are refused in words") {
  const database db;
  auto connection = db.connect();
  must(connection.exec("DROP TABLE schema_migrations"));
  REQUIRE(must(migrate(connection, steps)) == 2);
  const auto newer = migrate(connection, std::span{steps}.first(1));
  REQUIRE(!newer);
  CHECK(has(newer.error(), "newer agentmon"));
  auto edited = steps;
  edited[0].sql = "CREATE TABLE one (n bigint)";
  const auto changed = migrate(connection, edited);
  REQUIRE(!changed);
  CHECK(has(changed.error(), "step 0001_one of the schema"));
  CHECK(has(changed.error(), "is not the one"));
}

TEST_CASE("a server that is not there is told without the password") {
  const auto refused = connect("host=/nonexistent user=u password=secret dbname=d", std::chrono::seconds{1});
  REQUIRE(!refused);
  CHECK(refused.error().code == fault::unavailable);
  CHECK(has(refused.error(), "is it running"));
  CHECK(!has(refused.error(), "secret"));
}
