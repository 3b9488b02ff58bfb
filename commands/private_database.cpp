#include "commands/private_database.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

namespace agentmon {

result<private_database> private_database::in(const std::filesystem::path& data_dir) {
  const auto folder = data_dir / "postgres" / "run";
  service::descriptor held{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (held.get() < 0 && errno == EACCES)
    return fail(fault::unavailable,
                folder.string() + " may only be entered by the user who runs agentmon; ask as that user");
  if (held.get() < 0)
    return fail(fault::unavailable, "there is no private PostgreSQL in " + data_dir.string() + " ("
                                        + std::generic_category().message(errno)
                                        + "); start agentmon, or set DATABASE_URL");
  struct stat status {};
  if (::fstatat(held.get(), ".s.PGSQL.5432", &status, 0) != 0)
    return fail(fault::unavailable,
                "the private PostgreSQL in " + data_dir.string() + " does not run; start agentmon (its log says why)");
  return private_database{std::move(held)};
}

std::string private_database::connection_string() const {
  return "host=/proc/self/fd/" + std::to_string(folder_.get()) + " port=5432 dbname=agentmon user=agentmon";
}

} // namespace agentmon
