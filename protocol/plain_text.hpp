#pragma once
#include <rapidjson/encodings.h>
#include <rapidjson/rapidjson.h>

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

} // namespace plain_text

/// UTF-8 that find_invalid_utf_8 has looked through, so that the reader need not.
struct checked_utf8 : rapidjson::UTF8<> {};

} // namespace agentmon

/// The reader calls this for each character of a string that is neither an escape nor the end: it takes all that follow
/// of the same kind, too.
template <>
struct rapidjson::Transcoder<agentmon::checked_utf8, agentmon::checked_utf8> {
  template <class Input, class Output>
  static bool Transcode(Input& from, Output& to) {
    const char* const end = agentmon::plain_text::end_of_run(from.src_, from.end_);
    const auto length = static_cast<SizeType>(end - from.src_);
    // The reader is also compiled for output into the input, which we never ask for and cannot serve.
    if constexpr (requires { to.Push(length); })
      std::memcpy(to.Push(length), from.src_, length);
    else
      return false;
    from.src_ = end;
    return true;
  }
  template <class Input, class Output>
  static bool Validate(Input& from, Output& to) {
    return Transcode(from, to);
  }
};
