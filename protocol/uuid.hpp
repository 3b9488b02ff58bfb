#pragma once
#include "protocol/time.hpp"

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agentmon {

/// RFC 9562 UUID, 16 bytes in network order.
struct uuid {
  std::array<unsigned char, 16> bytes{};

  bool operator==(const uuid&) const = default;
  /// As the bytes. (By default GCC 12 calls memcmp for each comparison; writers sort the ids of all events.)
  std::strong_ordering operator<=>(const uuid& other) const noexcept {
    const auto order = word(0) <=> other.word(0);
    return order != 0 ? order : word(8) <=> other.word(8);
  }

private:
  uint64_t word(size_t at) const noexcept {
    uint64_t it = 0;
    std::memcpy(&it, bytes.data() + at, sizeof it);
    return std::endian::native == std::endian::little ? __builtin_bswap64(it) : it;
  }
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
