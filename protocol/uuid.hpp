#pragma once
#include "protocol/time.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agentmon {

/// RFC 9562 UUID, 16 bytes in network order.
struct uuid {
  std::array<unsigned char, 16> bytes{};
  auto operator<=>(const uuid&) const = default;
};

/// Reads the 36-character form, letters in either case; nothing else is a UUID here.
std::optional<uuid> parse_uuid(std::string_view);

/// The 36-character form in lower case.
std::string to_string(const uuid&);

/// A UUIDv7 of this moment (or of `at`): ordered by time, random in its last 74 bits. Safe from any thread.
uuid make_uuid();
uuid make_uuid(timestamp at);

} // namespace agentmon

template <>
struct std::hash<agentmon::uuid> {
  size_t operator()(const agentmon::uuid& id) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
};
