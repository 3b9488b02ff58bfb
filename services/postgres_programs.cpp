#include "services/postgres_programs.hpp"

#include "protocol/limits.hpp"
#include "services/child.hpp"
#include "services/files.hpp"

#include <algorithm>
#include <unistd.h>
#include <vector>

namespace agentmon::service {
namespace {

namespace fs = std::filesystem;

struct installation {
  std::string major;
  fs::path programs;
};

bool older(const installation& a, const installation& b) {
  return std::pair{a.major.size(), a.major} < std::pair{b.major.size(), b.major};
}

/// "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)" -> "15"
std::string major_of(const std::string& version) {
  const auto start = version.find_first_of("0123456789");
  return start == std::string::npos ? ""
                                    : version.substr(start, version.find_first_not_of("0123456789", start) - start);
}

std::vector<installation> installations() {
  std::vector<installation> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{"/usr/lib/postgresql", error}) {
    const auto programs = entry.path() / "bin";
    if (::access((programs / "postgres").c_str(), X_OK) == 0 && ::access((programs / "initdb").c_str(), X_OK) == 0)
      found.push_back({entry.path().filename().string(), programs});
  }
  if (!found.empty()) return found;
  if (const auto program = find_program("postgres")) {
    const auto version = run({.arguments = {program->string(), "-V"}}, limits::service_start_timeout);
    // A link in PATH does not lead to the programs beside it, a resolved one does.
    if (version) found.push_back({major_of(*version), fs::canonical(*program, error).parent_path()});
  }
  return found;
}

} // namespace

result<fs::path> find_postgres_programs(const std::optional<std::string>& major) {
  auto found = installations();
  if (found.empty())
    return fail(fault::invalid, "PostgreSQL's server programs are not on this machine; install the package postgresql, "
                                "or set DATABASE_URL to a server that runs elsewhere");
  std::sort(found.begin(), found.end(), older);
  if (!major) return found.back().programs;
  const auto match = std::find_if(found.begin(), found.end(), [&](const auto& it) { return it.major == *major; });
  if (match != found.end()) return match->programs;
  return fail(fault::invalid, "the stored data are of PostgreSQL " + *major + ", but this machine has PostgreSQL "
                                  + found.back().major + "; install postgresql-" + *major
                                  + " beside it, or move the data with pg_dump");
}

} // namespace agentmon::service
