#include "settings/flags.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace agentmon;

namespace {

constexpr std::array known{flag{"addr", "ADDR", "Where."}, flag{"fast", "", "A switch."}};

result<given_flags> read(std::vector<std::string_view> arguments) { return read_flags(arguments, known); }

std::string fault_of(std::vector<std::string_view> arguments) {
  const auto flags = read(std::move(arguments));
  return flags ? "" : flags.error().message;
}

} // namespace

TEST_CASE("flags, switches and words") {
  const auto flags = read({"--addr", ":1", "word", "--fast", "--", "--addr"});
  REQUIRE(flags);
  CHECK(flags->value("addr") == ":1");
  CHECK(flags->has("fast"));
  CHECK(flags->words == std::vector<std::string>{"word", "--addr"});
  CHECK_FALSE(read({})->value("addr").has_value());
}

TEST_CASE("the last one of a flag counts, whichever way it is written") {
  CHECK(read({"--addr=:1", "--addr", ":2"})->value("addr") == ":2");
  CHECK(read({"--addr", ":1", "--addr=a=b"})->value("addr") == "a=b");
  CHECK(read({"--addr="})->value("addr") == "");
}

TEST_CASE("a lone dash is a word, a value may begin with dashes") {
  CHECK(read({"-"})->words == std::vector<std::string>{"-"});
  CHECK(read({"--addr", "--fast"})->value("addr") == "--fast");
}

TEST_CASE("what is wrong is named, with the nearest known flag") {
  CHECK(fault_of({"--adr", "1"}).starts_with("unknown flag --adr; did you mean --addr?"));
  CHECK(fault_of({"--something"}).find("did you mean") == std::string::npos);
  CHECK(fault_of({"--addr"}) == "--addr needs a value: --addr ADDR");
  CHECK(fault_of({"--fast=1"}) == "--fast takes no value");
  CHECK(fault_of({"-f"}).starts_with("unknown flag -f"));
}
