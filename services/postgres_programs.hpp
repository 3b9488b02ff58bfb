#pragma once
#include "protocol/failure.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace agentmon::service {

/// The folder with PostgreSQL's server programs: the newest of Debian's /usr/lib/postgresql/*/bin, else the one in
/// PATH. With `major` ("15") only that version will do. fault::invalid tells what to install.
result<std::filesystem::path> find_postgres_programs(const std::optional<std::string>& major);

} // namespace agentmon::service
