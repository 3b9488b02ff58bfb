#pragma once
#include "protocol/failure.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace agentmon {

/// A point in time: whole microseconds since 1970-01-01T00:00:00Z (PostgreSQL's resolution).
using timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Reads an RFC 3339 time with a zone ("2026-03-13T12:00:00.123+01:00", "…Z"). Digits beyond microseconds are cut off;
/// a leap second (:60) counts as the second after. Years 1970 to 9999.
result<timestamp> parse_time(std::string_view);

/// RFC 3339 UTC with microseconds only as far as needed: "2026-03-13T12:00:00.123Z". Always at least milliseconds.
std::string format_time(timestamp);

timestamp now();

} // namespace agentmon
