#include "settings/env_file.hpp"

#include <doctest/doctest.h>

using agentmon::parse_env_file;

namespace {

std::string value_of(std::string_view line) {
  const auto entries = parse_env_file(line);
  REQUIRE(entries);
  REQUIRE(entries->size() == 1);
  return entries->front().value;
}

std::string fault_of(std::string_view text) {
  const auto entries = parse_env_file(text);
  return entries ? "" : entries.error().message;
}

} // namespace

TEST_CASE("values with and without quotes") {
  CHECK(value_of("KEY=value") == "value");
  CHECK(value_of("  KEY = value  ") == "value");
  CHECK(value_of("export KEY=value") == "value");
  CHECK(value_of("KEY=") == "");
  CHECK(value_of("KEY=''") == "");
  CHECK(value_of("KEY='a # b \\n'") == "a # b \\n");
  CHECK(value_of("KEY=\"a\\tb \\\"c\\\" \\$d\"") == "a\tb \"c\" $d");
  CHECK(value_of("KEY=\"quoted\" # comment") == "quoted");
}

TEST_CASE("a comment begins with a blank before its #") {
  CHECK(value_of("KEY=a#b") == "a#b");
  CHECK(value_of("KEY=a #b") == "a");
  CHECK(value_of("KEY=# nothing") == "");
}

TEST_CASE("lines end as on any system, and are counted") {
  const auto entries = parse_env_file("\xef\xbb\xbf# first\r\n\r\nA=1\r\nexport\tB='2'\n");
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK(entries->at(0).key == "A");
  CHECK(entries->at(0).value == "1");
  CHECK(entries->at(0).line == 3);
  CHECK(entries->at(1).key == "B");
  CHECK(entries->at(1).value == "2");
  CHECK(entries->at(1).line == 4);
}

TEST_CASE("what is wrong is told with its line") {
  CHECK(fault_of("A=1\nnonsense\n").starts_with(".env line 2: "));
  CHECK(fault_of("A=1\n\n1B=2\n").starts_with(".env line 3: \"1B\" is no key"));
  CHECK(fault_of("A=\"open\nB=2\"").starts_with(".env line 1: the quote"));
  CHECK(fault_of("A='x' y").find("after") == std::string::npos);
  CHECK(fault_of("A='x' y").starts_with(".env line 1: only a # comment"));
  CHECK(fault_of("=1").starts_with(".env line 1: "));
}
