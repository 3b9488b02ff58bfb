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

/// How many bytes the character of several bytes at the front takes; 0 when it is not UTF-8 (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF).
inline size_t long_character(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const auto first = byte(0), second = byte(1);
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool in_range = (first != 0xe0 || second >= 0xa0) && (first != 0xed || second <= 0x9f);
    return in_range && follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool in_range = (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second <= 0x8f);
    return in_range && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

} // namespace plain_text

/// The offset of the first byte that is no UTF-8; npos when all of it is.
inline size_t find_invalid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (text.size() - i >= 8 && (plain_text::word_at(text.data() + i) & plain_text::tops) == 0) {
      i += 8;
    } else if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
    } else {
      const auto length = plain_text::long_character(text.substr(i));
      if (length == 0) return i;
      i += length;
    }
  }
  return std::string_view::npos;
}

/// UTF-8 that find_invalid_utf8 has looked through, so that the reader need not.
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
