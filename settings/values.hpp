#pragma once
#include "protocol/failure.hpp"
#include "settings/settings.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

/// Parsers of single values. Their failures say what is allowed, in half a sentence that follows "KEY=value: ".
namespace agentmon {

/// "500ms", "30s", "5m", "1h".
result<std::chrono::milliseconds> parse_duration(std::string_view);

/// "4GiB", "512MiB", "64KiB", "1000000".
result<uint64_t> parse_bytes(std::string_view);

/// "ingest,query": at least one, each at most once.
result<std::set<role>> parse_roles(std::string_view);

/// "http://host:8081", also with a slash at its end, which is taken off.
result<std::string> parse_http_base(std::string_view);

/// Replaces a leading ~ by HOME, ${NAME} and ${NAME:-otherwise} by what the environment says.
result<std::string> expand(std::string_view, const environment_map&);

/// A URL or libpq keyword string with *** for its password; NATS tokens likewise.
std::string without_credentials(std::string_view);

} // namespace agentmon
