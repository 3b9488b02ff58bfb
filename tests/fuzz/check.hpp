#pragma once
#include <rapidjson/encodings.h>
#include <rapidjson/memorystream.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

/// What the fuzzers share.
namespace agentmon::fuzz {

/// Ends the fuzzer, which keeps the input as a crash, when a promise is broken.
inline void check(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "BROKEN PROMISE: %s\n", promise);
  std::abort();
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline bool is_utf_8(std::string_view text) {
  struct {
    void Put(char) {}
  } nowhere;
  rapidjson::MemoryStream from{text.data(), text.size()};
  while (from.Tell() < text.size())
    if (!rapidjson::UTF8<>::Validate(from, nowhere)) return false;
  return true;
}

/// A copy of a text with nothing behind it, so that AddressSanitizer sees the first byte that is read beyond.
class exact_copy {
public:
  explicit exact_copy(std::string_view text) : bytes_{std::make_unique<char[]>(text.size())}, size_{text.size()} {
    text.copy(bytes_.get(), size_);
  }
  std::string_view text() const { return {bytes_.get(), size_}; }

private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

/// Ways to cut one input into the pieces that a socket might deliver.
enum class cutting : uint8_t { whole, bytes, random };

/// The sizes of the pieces. The random ones depend on the input only, so that a crash comes again.
inline std::vector<size_t> cut(std::string_view input, cutting way) {
  if (way == cutting::whole || input.empty()) return {input.size()};
  if (way == cutting::bytes) return std::vector<size_t>(input.size(), 1);
  std::minstd_rand random{static_cast<std::minstd_rand::result_type>(std::hash<std::string_view>{}(input))};
  const size_t longest = 1 + random() % 64;
  std::vector<size_t> sizes;
  for (size_t left = input.size(); left > 0; left -= sizes.back())
    sizes.push_back(std::min<size_t>(left, 1 + random() % longest));
  return sizes;
}

} // namespace agentmon::fuzz
