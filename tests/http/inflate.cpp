#include "http/inflate.hpp"

#include "http/response.hpp"

#include <doctest/doctest.h>

#include <string>
#include <zlib.h>

namespace agentmon {
namespace {

TEST_CASE("what was packed comes back") {
  for (const size_t size : std::initializer_list<size_t>{0, 1, 1000, 100'000, 3'000'000}) {
    std::string text;
    for (size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i);
    text.resize(size);
    for (const int level : {1, 9}) CHECK(inflate(gzip(text, level), size) == text);
  }
  const std::string zeros(5'000'000, '\0'); // the whole input is read long before the last output
  CHECK(inflate(gzip(zeros, 9), zeros.size()) == zeros);
}

TEST_CASE("several members are one text") { CHECK(inflate(gzip("ab", 6) + gzip("", 6) + gzip("cd", 6), 4) == "abcd"); }

TEST_CASE("deflate with its zlib head is understood") {
  const std::string text = "hello hello hello";
  std::string packed(100, '\0');
  uLongf size = packed.size();
  REQUIRE(
      compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size())
      == Z_OK);
  packed.resize(size);
  CHECK(inflate(packed, 100) == text);
}

TEST_CASE("the limit is exact") {
  const auto packed = gzip(std::string(1000, 'x'), 6);
  CHECK(inflate(packed, 1000));
  CHECK(inflate(packed, 999).error().code == fault::overload);
  CHECK(inflate(packed, 0).error().code == fault::overload);
}

TEST_CASE("a text that is not whole is none") {
  const auto packed = gzip(std::string(1000, 'x'), 6);
  for (size_t size = 0; size < packed.size(); ++size)
    CHECK(inflate(packed.substr(0, size), 1000).error().code == fault::invalid);
  auto damaged = packed;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1); // the checksum
  CHECK(inflate(damaged, 1000).error().code == fault::invalid);
}

} // namespace
} // namespace agentmon
