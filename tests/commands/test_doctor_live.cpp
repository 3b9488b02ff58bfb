#include "commands/doctor.hpp"
#include "commands/private_database.hpp"
#include "services/postgres.hpp"
#include "store/migrate.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <poll.h>

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

/// A folder whose path is too long for a socket, removed in the end.
class long_folder {
public:
  long_folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "agentmon-doctor-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    top_ = pattern;
    std::filesystem::permissions(top_, std::filesystem::perms{0711}); // PostgreSQL may run as another user
  }
  ~long_folder() { std::filesystem::remove_all(top_); }
  long_folder(const long_folder&) = delete;
  long_folder& operator=(const long_folder&) = delete;

  std::filesystem::path path() const { return top_ / std::string(100, 'x'); }

private:
  std::filesystem::path top_;
};

void wait_until_ready(service::postgres& server) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!server.ready()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    ::poll(nullptr, 0, 20); // a look at it costs a process
  }
}

} // namespace

TEST_CASE("the private PostgreSQL of a folder with a long path") {
  const long_folder folder;
  CHECK(private_database::in(folder.path()).error().code == fault::unavailable);
  auto server = service::postgres::open(folder.path());
  REQUIRE(server);
  REQUIRE(server->start());
  wait_until_ready(*server);

  const auto found = private_database::in(folder.path());
  REQUIRE(found);
  const auto before = check_database(found->connection_string());
  REQUIRE(before.size() == 3);
  CHECK_FALSE(before[0].is_problem);
  CHECK(before[1].is_problem);
  CHECK(before[1].message.starts_with("at step 0 of "));
  CHECK_FALSE(before[2].is_problem);

  auto db = store::connect(found->connection_string(), 10s);
  REQUIRE(db);
  REQUIRE(store::migrate(*db));
  for (const auto& each : check_database(found->connection_string())) {
    CAPTURE(each.message);
    CHECK_FALSE(each.is_problem);
  }
  const auto verified = store::verify(*db);
  REQUIRE(verified);
  CHECK(told(*verified).size() == 1);

  REQUIRE(server->stop());
  CHECK(private_database::in(folder.path()).error().message.find("does not run") != std::string::npos);
}
