#include "protocol/uuid.hpp"

#include <array>
#include <random>
#include <sys/random.h>

namespace agentmon {
namespace {

/// The value of each hexadecimal digit, -1 for all other characters.
constexpr auto nibbles = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 16; ++i) {
    values[static_cast<unsigned char>("0123456789abcdef"[i])] = static_cast<int8_t>(i);
    values[static_cast<unsigned char>("0123456789ABCDEF"[i])] = static_cast<int8_t>(i);
  }
  return values;
}();

int nibble(char c) { return nibbles[static_cast<unsigned char>(c)]; }

constexpr bool dash_at(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

} // namespace

std::optional<uuid> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  uuid id;
  size_t byte = 0;
  for (size_t i = 0; i < text.size();) {
    if (dash_at(i)) {
      if (text[i] != '-') return std::nullopt;
      ++i;
      continue;
    }
    const int high = nibble(text[i]), low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[byte++] = static_cast<unsigned char>(high * 16 + low);
    i += 2;
  }
  return id;
}

std::string to_string(const uuid& id) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (const auto byte : id.bytes) {
    if (dash_at(text.size())) text += '-';
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

uuid make_uuid(timestamp at) {
  thread_local std::mt19937_64 random{[] {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = std::random_device{}();
    return seed;
  }()};
  uuid id;
  const auto millis = static_cast<uint64_t>(at.time_since_epoch().count()) / 1000;
  for (size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<unsigned char>(millis >> (8 * (5 - i)));
  const uint64_t a = random(), b = random();
  for (size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<unsigned char>(a >> (8 * i));
  id.bytes[6] = static_cast<unsigned char>(0x70 | (b & 0x0f));
  id.bytes[7] = static_cast<unsigned char>(b >> 8);
  id.bytes[8] = static_cast<unsigned char>(0x80 | (id.bytes[8] & 0x3f));
  return id;
}

uuid make_uuid() { return make_uuid(now()); }

} // namespace agentmon
