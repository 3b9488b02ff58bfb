#include "protocol/limits.hpp"
#include "services/files.hpp"
#include "services/nats.hpp"
#include "services/postgres.hpp"
#include "temporary.hpp"

#include <doctest/doctest.h>
#include <libpq-fe.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <fcntl.h>
#include <memory>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace agentmon::service {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::eventually;
using testing::must;
using testing::temporary_folder;

std::vector<process> servers_in(const fs::path& folder) {
  return must(processes_in(folder, {"postgres", "initdb", "nats-server"}, held_descriptor));
}

/// The first column of the first row, or the error.
std::string ask(const postgres& server, const char* query) {
  const std::unique_ptr<PGconn, decltype(&::PQfinish)> connection{::PQconnectdb(server.connection_string().c_str()),
                                                                  &::PQfinish};
  if (::PQstatus(connection.get()) != CONNECTION_OK) return ::PQerrorMessage(connection.get());
  const std::unique_ptr<PGresult, decltype(&::PQclear)> answer{::PQexec(connection.get(), query), &::PQclear};
  if (::PQresultStatus(answer.get()) == PGRES_TUPLES_OK) return ::PQgetvalue(answer.get(), 0, 0);
  return ::PQresultErrorMessage(answer.get());
}

template <class Server>
void start_and_wait(Server& server) {
  must(server.start());
  if (!eventually([&] { return server.ready() || !server.running(); }) || !server.running()) FAIL(server.ending());
}

template <class Server>
constexpr auto folder_of = "nats";
template <>
constexpr auto folder_of<postgres> = "postgres";

/// Ends what is left in the data folder, so that a failed test leaves nothing behind; and tells whether there was any.
bool clean(const fs::path& data) {
  bool was_clean = true;
  for (const auto* name : {"nats", "postgres", "postgres.new"}) {
    for (const auto& it : servers_in(data / name)) {
      was_clean = false;
      it.signal(SIGKILL);
      it.wait_for(10s);
    }
  }
  return was_clean;
}

struct data_folder : temporary_folder {
  ~data_folder() { clean(path); }
};

TEST_CASE_TEMPLATE("a server starts, stops, and leaves no process", Server, postgres, nats) {
  const data_folder data;
  auto server = must(Server::open(data.path));
  CHECK_FALSE(server.running());
  CHECK(server.look() == health::down);
  start_and_wait(server);
  must(server.start()); // runs already
  CHECK(servers_in(data.path / folder_of<Server>).size() == 1);
  must(server.stop());
  CHECK_FALSE(server.running());
  CHECK_FALSE(server.ready());
  must(server.stop());
  CHECK(clean(data.path));
}

TEST_CASE_TEMPLATE("a server that goes out of scope is stopped", Server, postgres, nats) {
  const data_folder data;
  {
    auto server = must(Server::open(data.path));
    start_and_wait(server);
    auto moved = std::move(server);
    CHECK(moved.ready());
  }
  CHECK(clean(data.path));
}

TEST_CASE_TEMPLATE("a server that was killed is started again", Server, postgres, nats) {
  const data_folder data;
  auto server = must(Server::open(data.path));
  start_and_wait(server);
  for (const auto& it : servers_in(data.path / folder_of<Server>)) it.signal(SIGKILL);
  CHECK(eventually([&] { return !server.running(); }));
  CHECK(server.ending().find("was ended by signal 9 (Killed)") != std::string::npos);
  start_and_wait(server);
}

TEST_CASE_TEMPLATE("a server that is frozen runs but is not ready", Server, postgres, nats) {
  const data_folder data;
  auto server = must(Server::open(data.path));
  start_and_wait(server);
  const auto frozen = servers_in(data.path / folder_of<Server>);
  for (const auto& it : frozen) it.signal(SIGSTOP);
  CHECK(eventually([&] { return server.look() == health::silent; }));
  CHECK(server.running());
  for (const auto& it : frozen) it.signal(SIGCONT);
  CHECK(eventually([&] { return server.ready(); }));
}

TEST_CASE_TEMPLATE("one data folder has one agentmon, two folders have two servers", Server, postgres, nats) {
  const data_folder data;
  const data_folder other;
  auto server = must(Server::open(data.path));
  const auto second = Server::open(data.path);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == fault::unavailable);
  CHECK(second.error().message.find("another agentmon that runs (process " + std::to_string(::getpid()))
        != std::string::npos);

  auto neighbour = must(Server::open(other.path));
  start_and_wait(server);
  start_and_wait(neighbour);
  must(server.stop());
  CHECK(neighbour.ready());
}

/// Starts the server in a process that is then killed with -9; its number.
template <class Server>
pid_t started_in_a_life_that_was_killed(const fs::path& data) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const pid_t id = ::fork();
  REQUIRE(id >= 0);
  if (id == 0) {
    auto server = Server::open(data);
    const bool ready = server && server->start() && eventually([&] { return server->ready(); });
    [[maybe_unused]] const auto n = ::write(ends[1], ready ? "r" : "f", 1);
    for (;;) ::pause();
  }
  char ready = ' ';
  [[maybe_unused]] const auto n = ::read(ends[0], &ready, 1);
  CHECK(ready == 'r');
  const auto found = servers_in(data / folder_of<Server>);
  CHECK(found.size() == 1);
  ::kill(id, SIGKILL);
  ::waitpid(id, nullptr, 0);
  for (const int end : ends) ::close(end);
  return found.empty() ? 0 : found.front().id();
}

TEST_CASE_TEMPLATE("a server ends when its agentmon is killed", Server, postgres, nats) {
  const data_folder data;
  const auto id = started_in_a_life_that_was_killed<Server>(data.path);
  const auto orphan = process::open(id);
  CHECK((!orphan || orphan->wait_for(limits::service_stop_timeout)));
}

TEST_CASE_TEMPLATE("a start does not wait for the last life to have ended", Server, postgres, nats) {
  const data_folder data;
  started_in_a_life_that_was_killed<Server>(data.path);
  auto server = must(Server::open(data.path));
  start_and_wait(server);
  CHECK(servers_in(data.path / folder_of<Server>).size() == 1);
}

/// The same program on the same folder, but nobody's child: as if the kernel's signal had not reached it.
pid_t left_over(const fs::path& folder, command what) {
  what.signal_when_orphaned = 0;
  what.output = "/dev/null";
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const pid_t middle = ::fork();
  REQUIRE(middle >= 0);
  if (middle == 0) {
    const descriptor held{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    what.held = held.get();
    auto server = child::start(what);
    const pid_t id = server ? server->id() : 0;
    [[maybe_unused]] const auto n = ::write(ends[1], &id, sizeof id);
    ::_exit(0); // without the destructor, which would kill it
  }
  pid_t id = 0;
  [[maybe_unused]] const auto n = ::read(ends[0], &id, sizeof id);
  ::waitpid(middle, nullptr, 0);
  for (const int end : ends) ::close(end);
  REQUIRE(id != 0);
  return id;
}

TEST_CASE("a nats-server that outlived its agentmon is stopped by the next one") {
  const data_folder data;
  std::string url;
  {
    auto server = must(nats::open(data.path));
    start_and_wait(server);
    url = server.url();
  }
  const auto id = left_over(
      fs::canonical(data.path) / "nats",
      {.arguments = {must(find_program("nats-server")).string(), "-c", (data.path / "nats/nats.conf").string()}});
  auto server = must(nats::open(data.path));
  start_and_wait(server);
  CHECK(server.url() == url);
  const auto old = process::open(id);
  CHECK((!old || !old->running()));
}

TEST_CASE("the port of a nats-server stays, unless another program took it") {
  const data_folder data;
  auto server = must(nats::open(data.path));
  start_and_wait(server);
  const auto url = server.url();
  must(server.stop());
  start_and_wait(server);
  CHECK(server.url() == url);
  must(server.stop());

  const descriptor thief{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int yes = 1;
  ::setsockopt(thief.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(*read_file(data.path / "nats/port"))));
  REQUIRE(::bind(thief.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(thief.get(), 1) == 0);
  start_and_wait(server);
  CHECK(server.url() != url);
  CHECK(server.url().substr(0, server.url().rfind(':')) == url.substr(0, url.rfind(':')));
}

TEST_CASE("what nats-server keeps secret only its user can read") {
  const data_folder data;
  auto server = must(nats::open(data.path));
  start_and_wait(server);
  for (const auto* name : {"nats/nats.conf", "nats/password", "nats.log"}) {
    struct stat status {};
    REQUIRE(::stat((data.path / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  CHECK((fs::status(data.path / "nats").permissions() & fs::perms::mask) == fs::perms::owner_all);
}

TEST_CASE("committed rows survive kill -9 of the server and of its agentmon") {
  const data_folder data;
  auto server = must(postgres::open(data.path));
  start_and_wait(server);
  CHECK(ask(server, "CREATE TABLE kept AS SELECT 42 AS answer; SELECT answer FROM kept") == "42");
  for (const auto& it : servers_in(data.path / "postgres")) it.signal(SIGKILL);
  CHECK(eventually([&] { return !server.running(); }));
  start_and_wait(server);
  CHECK(ask(server, "SELECT answer FROM kept") == "42");
}

TEST_CASE("the cluster has the settings and the door that it shall have") {
  const data_folder data;
  auto server = must(postgres::open(data.path));
  start_and_wait(server);
  CHECK(ask(server, "SELECT current_user || ' ' || current_database()") == "agentmon agentmon");
  CHECK(ask(server, "SHOW listen_addresses").empty());
  CHECK(ask(server, "SHOW server_encoding") == "UTF8");
  CHECK(ask(server, "SHOW lc_collate") == "C");
  CHECK(ask(server, "SHOW data_checksums") == "on");
  CHECK(ask(server, "SHOW synchronous_commit") == "on");
  CHECK(ask(server, "SELECT count(*) FROM pg_file_settings WHERE NOT applied") == "0");
  CHECK((fs::status(data.path / "postgres/run").permissions() & fs::perms::mask) == fs::perms::owner_all);
  CHECK((fs::status(data.path / "postgres").permissions() & fs::perms::mask) == fs::perms::owner_all);
  struct stat status {};
  REQUIRE(::stat((data.path / "postgres").c_str(), &status) == 0);
  CHECK(status.st_uid != 0);
}

TEST_CASE("an initdb that was killed half-way is done again") {
  const data_folder data;
  auto server = must(postgres::open(data.path));
  // What it leaves: its folder, half filled.
  must(make_private_folder(data.path / "postgres.new/base"));
  must(write_private_file(data.path / "postgres.new/PG_VERSION", "15\n"));
  start_and_wait(server);
  CHECK(ask(server, "SELECT 1") == "1");
  CHECK_FALSE(fs::exists(data.path / "postgres.new"));
}

TEST_CASE("an agentmon that is killed during initdb leaves nothing that the next cannot mend") {
  const data_folder data;
  const pid_t id = ::fork();
  REQUIRE(id >= 0);
  if (id == 0) {
    auto server = postgres::open(data.path);
    if (server) [[maybe_unused]]
      const auto started = server->start();
    for (;;) ::pause();
  }
  CHECK(eventually([&] { return fs::exists(data.path / "postgres.new/global"); }));
  ::kill(id, SIGKILL);
  ::waitpid(id, nullptr, 0);
  CHECK_FALSE(fs::exists(data.path / "postgres"));
  auto server = must(postgres::open(data.path));
  start_and_wait(server);
  CHECK(ask(server, "SELECT 1") == "1");
}

TEST_CASE("a lock file with the number of a process that is no server does not keep it from starting") {
  const data_folder data;
  auto server = must(postgres::open(data.path));
  start_and_wait(server);
  for (const auto& it : servers_in(data.path / "postgres")) it.signal(SIGKILL);
  CHECK(eventually([&] { return !server.running(); }));
  // A process of the same user has the number now: in a container that restarts, that is the rule.
  command waits{.arguments = {"/usr/bin/tail", "-f", "/dev/null"}, .output = "/dev/null"};
  if (::geteuid() == 0) waits.user = must(account::named("postgres"));
  const auto other = must(child::start(waits));
  auto lock = *read_file(data.path / "postgres/postmaster.pid");
  lock.replace(0, lock.find('\n'), std::to_string(other.id()));
  must(write_private_file(data.path / "postgres/postmaster.pid", lock + "\n", waits.user));
  start_and_wait(server);
}

TEST_CASE("a cluster of another version is refused in words and left alone") {
  const data_folder data;
  auto server = must(postgres::open(data.path));
  start_and_wait(server);
  must(server.stop());
  must(write_private_file(data.path / "postgres/PG_VERSION", "9\n"));
  const auto started = server.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().code == fault::invalid);
  CHECK(started.error().message.starts_with("the stored data are of PostgreSQL 9, but this machine has PostgreSQL "));
}

TEST_CASE("a folder that holds something else is refused in words and left alone") {
  const data_folder data;
  must(make_private_folder(data.path / "postgres"));
  must(write_private_file(data.path / "postgres/diary", "dear"));
  auto server = must(postgres::open(data.path));
  const auto started = server.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().message.find("holds something else than a PostgreSQL cluster") != std::string::npos);
  CHECK(read_file(data.path / "postgres/diary") == "dear");
}

TEST_CASE("a cluster of another user is refused in words") {
  if (::geteuid() != 0) return;
  const data_folder data;
  auto server = must(postgres::open(data.path));
  start_and_wait(server);
  must(server.stop());
  REQUIRE(::chown((data.path / "postgres").c_str(), 0, 0) == 0);
  const auto started = server.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().message.find("belongs to user 0, but PostgreSQL would run as user ") != std::string::npos);
}

TEST_CASE("a path that is too long for a socket, with characters that need quotes, works") {
  const data_folder data;
  const temporary_folder runtime;
  ::setenv("XDG_RUNTIME_DIR", runtime.path.c_str(), 1); // NOLINT(concurrency-mt-unsafe): there is one thread
  const auto deep = data.path / std::string(60, 'a') / ("it's a \"long\" \\ path " + std::string(60, 'b'));
  auto database = must(postgres::open(deep));
  auto bus = must(nats::open(deep));
  start_and_wait(database);
  start_and_wait(bus);
  CHECK(ask(database, "SELECT 1") == "1");
}

} // namespace
} // namespace agentmon::service
