#include "services/postgres.hpp"

#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "services/files.hpp"
#include "services/postgres_programs.hpp"
#include "services/postgres_settings.hpp"

#include <libpq-fe.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace agentmon::service {
namespace {

namespace fs = std::filesystem;

const std::string database = "agentmon";
/// The cluster as its server names it: short, and open to a user who cannot walk there from the root.
const std::string held_cluster = "/proc/self/fd/" + std::to_string(held_descriptor);
const std::vector<std::string> environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=/"};

server_traits traits() {
  return {.title = "PostgreSQL",
          .name = "postgres",
          .programs = {"postgres", "initdb"},
          .stop_signal = SIGINT,   // fast shutdown
          .quit_signal = SIGQUIT}; // immediate shutdown; the next start recovers
}

/// Whom the server runs as: nobody else, or when we are root the user of Debian's package.
result<std::optional<account>> server_user() {
  if (::geteuid() != 0) return std::nullopt;
  auto user = account::named("postgres");
  if (user) return *user;
  return fail(fault::invalid, "PostgreSQL refuses to run as root and " + user.error().message
                                  + " as whom it could run; install the package postgresql, start agentmon as another "
                                    "user, or set DATABASE_URL");
}

result<void> check_owner(const fs::path& cluster, const std::optional<account>& user) {
  struct stat status {};
  const auto needed = user ? user->user : ::geteuid();
  if (::stat(cluster.c_str(), &status) == 0 && status.st_uid == needed) return {};
  return fail(fault::invalid, cluster.string() + " belongs to user " + std::to_string(status.st_uid)
                                  + ", but PostgreSQL would run as user " + std::to_string(needed)
                                  + "; start agentmon as the user who made it, or chown -R it");
}

/// Where a socket with too long a path is reached instead: a folder of our own, in the one that the system made for
/// this user, or in /tmp. The name depends on the cluster only, so that it is the same in the next life.
fs::path short_path_for(const fs::path& folder) {
  uint64_t hash = 14695981039346656037ULL; // FNV-1a: stable, and nothing depends on its strength
  for (const char c : folder.string()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR"); // NOLINT(concurrency-mt-unsafe): never changed
  const fs::path base = runtime && *runtime == '/' && std::strlen(runtime) < 40 ? runtime : "/tmp";
  return base / ("agentmon-" + std::to_string(::geteuid())) / std::to_string(hash);
}

bool too_long_for_a_socket(const fs::path& folder) {
  return (folder / ".s.PGSQL.5432").string().size() >= sizeof(sockaddr_un::sun_path);
}

std::string quoted(const std::string& text) {
  std::string value = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') value += '\\';
    value += c;
  }
  return value + "'";
}

command program(const fs::path& path, std::vector<std::string> arguments, const std::optional<account>& user) {
  arguments.insert(arguments.begin(), {path.string(), "-D", held_cluster});
  return {.arguments = std::move(arguments),
          .environment = environment,
          .user = user,
          .signal_when_orphaned = traits().stop_signal};
}

} // namespace

result<postgres> postgres::open(const fs::path& data) {
  return server::claim(data, traits()).map([](server&& it) { return postgres{std::move(it)}; });
}

postgres::postgres(server it)
    : server_{std::move(it)}, cluster_{server_.data() / "postgres"}, socket_folder_{cluster_ / "run"} {
  if (too_long_for_a_socket(socket_folder_)) {
    short_path_ = short_path_for(socket_folder_);
    socket_folder_ = *short_path_;
  }
  connection_string_ = "host=" + quoted(socket_folder_.string()) + " port=5432 dbname=" + database + " user=" + database
                       + " connect_timeout=" + std::to_string(limits::store_connect_timeout.count());
}

result<void> postgres::start() {
  if (running()) return {};
  const auto user = server_user();
  if (!user) return tl::unexpected{user.error()};
  const auto major = read_file(cluster_ / "PG_VERSION");
  const auto programs = find_postgres_programs(major);
  if (!programs) return tl::unexpected{programs.error()};
  return server_.stop_left_over(cluster_)
      .and_then([&] { return major ? check_owner(cluster_, *user) : make_cluster(*programs, *user); })
      .and_then([&] { return configure(*user); })
      .and_then([&] { return server_.launch(program(*programs / "postgres", {}, *user), cluster_); });
}

/// Made complete beside its place and then renamed: whatever interrupts it, a cluster in its place is whole.
result<void> postgres::make_cluster(const fs::path& programs, const std::optional<account>& user) {
  std::error_code ignored;
  if (fs::exists(cluster_, ignored) && !fs::is_empty(cluster_, ignored))
    return fail(fault::invalid, cluster_.string()
                                    + " holds something else than a PostgreSQL cluster (no PG_VERSION); "
                                      "move it away");
  const auto place = server_.data() / "postgres.new";
  log::info("postgres", "making the private database", {{"folder", cluster_.string()}});
  auto made = server_.stop_left_over(place).and_then([&] { return remove_tree(place); }).and_then([&] {
    return make_private_folder(place, user);
  });
  if (!made) return made;
  const descriptor held{::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

  // With checksums a page that the disk changed is an error, not a wrong answer. rename_durably syncs it all, at once.
  auto initdb = program(programs / "initdb",
                        {"--username=" + database, "--auth=trust", "--encoding=UTF8", "--locale=C", "--data-checksums",
                         "--no-sync", "--no-instructions"},
                        user);
  initdb.held = held.get();
  if (const auto done = run(initdb, limits::service_create_timeout); !done) return tl::unexpected{done.error()};

  auto create = program(programs / "postgres", {"-c", "exit_on_error=true", "template1"}, user);
  create.arguments.insert(create.arguments.begin() + 1, "--single");
  create.input = "CREATE DATABASE " + database + "\n";
  create.held = held.get();
  if (const auto done = run(create, limits::service_create_timeout); !done) return tl::unexpected{done.error()};
  return rename_durably(place, cluster_);
}

result<void> postgres::configure(const std::optional<account>& user) {
  // Nobody uses the cluster (stop_left_over), so its lock files are a crash's; with the number of a dead process that
  // another program has now, they would keep the server from starting.
  return remove_tree(cluster_ / "postmaster.pid")
      .and_then([&] { return remove_tree(cluster_ / "run"); })
      .and_then([&] { return make_private_folder(cluster_ / "run", user); })
      .and_then([&] { return write_private_file(cluster_ / "postgresql.conf", postgres_settings, user); })
      .and_then([&] { return write_private_file(cluster_ / "pg_hba.conf", postgres_access, user); })
      .and_then([&] { return make_short_path(); });
}

result<void> postgres::make_short_path() const {
  if (!short_path_) return {};
  const auto folder = short_path_->parent_path();
  if (auto made = make_private_folder(folder); !made) return made;
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()
      || (status.st_mode & 077) != 0)
    return fail(fault::invalid, folder.string()
                                    + " is not a private folder of ours; remove it, or set "
                                      "AGENTMON_DATA_DIR to a path of at most 80 characters");
  std::error_code error;
  if (fs::read_symlink(*short_path_, error) == cluster_ / "run") return {};
  fs::remove(*short_path_, error);
  fs::create_directory_symlink(cluster_ / "run", *short_path_, error);
  if (error) return fail(fault::unavailable, "cannot make the link " + short_path_->string() + ": " + error.message());
  return {};
}

health postgres::look() {
  if (!running()) return health::down;
  // A cleaner of /tmp may have taken the link away.
  if (!make_short_path()) return health::silent;
  const auto probe = "host=" + quoted(socket_folder_.string()) + " port=5432 user=" + database + " dbname=" + database
                     + " connect_timeout=" + std::to_string(limits::service_probe_timeout.count());
  switch (::PQping(probe.c_str())) {
  case PQPING_OK: return health::ready;
  case PQPING_REJECT: return health::starting;
  default: return health::silent;
  }
}

} // namespace agentmon::service
