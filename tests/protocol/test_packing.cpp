#include "protocol/limits.hpp"
#include "protocol/packing.hpp"

#include <doctest/doctest.h>

#include <lz4frame.h>

using namespace agentmon;

namespace {

std::string text_of(const result<std::vector<char>>& unpacked) {
  return unpacked ? std::string{unpacked->begin(), unpacked->end()} : unpacked.error().message;
}

std::string many_events(size_t bytes) {
  std::string text = "[";
  while (text.size() < bytes) text += R"({"event":{"type":"span.end","ts":"2026-03-13T12:00:00Z"}},)";
  text.back() = ']';
  return text;
}

/// As other programs may write a frame: without its unpacked size.
std::string pack_without_size(const std::string& text) {
  LZ4F_preferences_t how{};
  how.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  std::string packed(LZ4F_compressFrameBound(text.size(), &how), '\0');
  packed.resize(LZ4F_compressFrame(packed.data(), packed.size(), text.data(), text.size(), &how));
  return packed;
}

} // namespace

TEST_SUITE_BEGIN("packing");

TEST_CASE("what is packed is smaller, tells its size, and comes out as it was") {
  for (const size_t bytes : {size_t{1}, size_t{5'000}, limits::record_bytes, limits::body_bytes - 100}) {
    const auto text = many_events(bytes);
    const auto packed = pack(text);
    CHECK(is_packed(packed));
    CHECK(unpacked_bytes(packed) == text.size());
    CHECK(text_of(unpack(packed)) == text);
    if (bytes > 1000) CHECK(packed.size() < text.size() / 4);
  }
}

TEST_CASE("JSON is taken as it is") {
  for (const std::string text : {"", "[]", "{}", "\x04\x22\x4d", "nonsense"}) {
    CHECK_FALSE(is_packed(text));
    CHECK(unpacked_bytes(text) == text.size());
    CHECK(text_of(unpack(text)) == text);
  }
}

TEST_CASE("a frame that does not tell its size counts as the largest, and is taken") {
  const auto text = many_events(100'000);
  CHECK(unpacked_bytes(pack_without_size(text)) == limits::unpacked_bytes);
  CHECK(text_of(unpack(pack_without_size(text))) == text);
}

TEST_CASE("what comes to too much is refused, whether it says so or not") {
  const std::string bomb(limits::unpacked_bytes + 1, ' ');
  CHECK(text_of(unpack(pack(bomb))).find("comes to more than") != std::string::npos);
  CHECK(text_of(unpack(pack_without_size(bomb))).find("comes to more than") != std::string::npos);
  CHECK(unpack(pack(std::string(limits::unpacked_bytes, ' '))).has_value());
}

TEST_CASE("a frame that is cut, spoilt or followed by something is refused") {
  const auto packed = pack(many_events(5'000));
  for (size_t length = 4; length < packed.size(); length += 7)
    CHECK_FALSE(unpack(packed.substr(0, length)).has_value());
  CHECK_FALSE(unpack(packed + "x").has_value());
  auto spoilt = packed;
  spoilt[5] ^= 0x40; // the header has a checksum
  CHECK_FALSE(unpack(spoilt).has_value());
}

TEST_SUITE_END();
