#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Text eight bytes at a time: nearly all of an event is plain characters inside strings, which nothing has to look at
/// one by one.
namespace agentmon {
namespace plain_text {

static_assert(std::endian::native == std::endian::little, "the first byte of a word is its lowest");

constexpr uint64_t ones = 0x0101010101010101;
constexpr uint64_t tops = 0x8080808080808080;

inline uint64_t word_at(const char* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// The top bit of each byte below `bound` (at most 0x80); exact up to the first of them.
constexpr uint64_t below(uint64_t word, uint64_t bound) { return (word - ones * bound) & ~word & tops; }

constexpr bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

/// Where the run of characters ends that a JSON string holds as they are.
inline const char* end_of_run(const char* from, const char* end) {
  for (; end - from >= 8; from += 8) {
    const auto word = word_at(from);
    const auto special = below(word, 0x20) | below(word ^ ones * '"', 1) | below(word ^ ones * '\\', 1);
    if (special != 0) return from + std::countr_zero(special) / 8;
  }
  while (from != end && is_plain(*from)) ++from;
  return from;
}

/// Whether one of the characters is a control character (DEL is one, too).
inline bool holds_control(std::string_view text) {
  const char* from = text.data();
  const char* const end = from + text.size();
  for (; end - from >= 8; from += 8) {
    const auto word = word_at(from);
    if ((below(word, 0x20) | below(word ^ ones * 0x7f, 1)) != 0) return true;
  }
  while (from != end && static_cast<unsigned char>(*from) >= 0x20 && *from != 0x7f) ++from;
  return from != end;
}

} // namespace plain_text
} // namespace agentmon
