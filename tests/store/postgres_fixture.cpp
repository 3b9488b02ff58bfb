#include "tests/store/postgres_fixture.hpp"

#include "store/migrate.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace agentmon::test {

using namespace store;
namespace {

using words = std::vector<std::string>;

std::filesystem::path program_folder() {
  std::filesystem::path newest;
  for (const auto& version : std::filesystem::directory_iterator{"/usr/lib/postgresql"})
    if (exists(version.path() / "bin/postgres")) newest = std::max(newest, version.path() / "bin");
  if (newest.empty()) throw std::runtime_error{"PostgreSQL's server programs are not installed"};
  return newest;
}

/// Starts a program, as user postgres when we are root (the server refuses to run as root); it dies with us.
pid_t spawn(words command, const std::filesystem::path& log) {
  if (geteuid() == 0) {
    const words as_postgres{"setpriv",        "--reuid",     "postgres", "--regid", "postgres",
                            "--clear-groups", "--pdeathsig", "QUIT",     "--"};
    command.insert(command.begin(), as_postgres.begin(), as_postgres.end());
  }
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execvp(arguments.front(), arguments.data());
  _exit(127);
}

void run(const words& command, const std::filesystem::path& log) {
  int status = 0;
  waitpid(spawn(command, log), &status, 0);
  if (status != 0) throw std::runtime_error{command.front() + " failed; see " + log.string()};
}

constexpr auto patience = std::chrono::seconds{30};

} // namespace

postgres_server::postgres_server(bool durable) : programs_{program_folder()}, durable_{durable} {
  std::string name = (std::filesystem::temp_directory_path() / "agentmon-store-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make a temporary folder"};
  folder_ = name;
  if (geteuid() == 0) {
    const auto* const user = getpwnam("postgres");
    if (user == nullptr || chown(name.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error{"cannot give a folder to the user postgres"};
  }
  run({programs_ / "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C",
       "--pgdata=" + (folder_ / "data").string()},
      folder_ / "log");
  start();
}

postgres_server::~postgres_server() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void postgres_server::start() {
  const std::string fsync = durable_ ? "fsync=on" : "fsync=off";
  process_ = spawn({programs_ / "postgres", "-D", folder_ / "data", "-k", folder_, "-c", "listen_addresses=", "-c",
                    fsync, "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB"},
                   folder_ / "log");
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (PQping(conninfo("postgres").c_str()) != PQPING_OK) {
    if (std::chrono::steady_clock::now() > deadline || waitpid(process_, nullptr, WNOHANG) != 0)
      throw std::runtime_error{"PostgreSQL does not start; see " + (folder_ / "log").string()};
    std::this_thread::yield();
  }
}

void postgres_server::stop() {
  if (process_ < 0) return;
  kill(process_, SIGINT);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::string postgres_server::conninfo(const std::string& database) const {
  return "host=" + folder_.string() + " user=postgres dbname=" + database;
}

void postgres_server::create(const std::string& database) {
  auto admin = must(store::connect(conninfo("postgres"), patience));
  if (!has_template_) {
    must(admin.exec("CREATE DATABASE migrated"));
    auto fresh = must(store::connect(conninfo("migrated"), patience));
    must(migrate(fresh));
    has_template_ = true;
  }
  must(admin.exec("CREATE DATABASE " + database + " TEMPLATE migrated"));
}

postgres_server& shared_server() {
  static postgres_server server;
  return server;
}

database::database(postgres_server& server) : server_{server} {
  static int number = 0;
  name_ = "test_" + std::to_string(++number);
  conninfo_ = server_.conninfo(name_);
  server_.create(name_);
}

database::~database() {
  auto admin = store::connect(server_.conninfo("postgres"), patience);
  if (admin) static_cast<void>(admin->exec("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)"));
}

connection database::connect() const { return must(store::connect(conninfo_, patience)); }

event_writer database::writer() const { return must(event_writer::open(conninfo_)); }

std::string database::value(const std::string& query) const {
  auto db = connect();
  return must(db.exec("SELECT (" + query + ")::text", parameters{})).get<std::string>(0, 0);
}

std::string database::dump() const {
  std::string text;
  for (const std::string table : {"sessions", "runs", "session_days", "vms", "vm_samples"})
    text += value("SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM " + table + " t") + '\n';
  // A rollup row that adds up to nothing is the same as none.
  for (const std::string table :
       {"event_counts t WHERE events <> 0",
        "agent_counts t WHERE (events, runs, sessions_begun, sessions_latest) <> (0, 0, 0, 0)",
        "run_durations t WHERE runs <> 0", "tool_counts t WHERE calls <> 0"})
    text += value("SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM " + table) + '\n';
  return text;
}

} // namespace agentmon::test
