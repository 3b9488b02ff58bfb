#include "protocol/time.hpp"
#include "shell/json_view.hpp"

#include <doctest/doctest.h>

using namespace agentmon::shell;

namespace {

rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

std::string before(std::chrono::seconds time) { return agentmon::format_time(agentmon::now() - time); }

} // namespace

TEST_CASE("what is missing or of another type is empty, and nothing else") {
  const auto some = parsed(R"({"name":null,"list":7,"count":"x"})");
  for (const auto* name : {"name", "none"}) {
    CHECK(text(some, name).empty());
    CHECK(count(some, name).empty());
    CHECK(rate(some, name).empty());
    CHECK(bytes(some, name).empty());
    CHECK(duration(some, name).empty());
    CHECK(ago(some, name).empty());
  }
  CHECK(count(some, "count").empty());
  CHECK(ago(some, "count").empty());
  CHECK(items(some, "list").Empty());
  CHECK(items(some, "none").Empty());
  CHECK(items(field(field(some, "none"), "deeper"), "still").Empty());
}

TEST_CASE("figures as people read them") {
  const auto some = parsed(R"({"a":0,"b":999,"c":1234567,"d":-1234,"e":0.25,"f":3407872,"yes":true})");
  CHECK(count(some, "a") == "0");
  CHECK(count(some, "b") == "999");
  CHECK(count(some, "c") == "1,234,567");
  CHECK(count(some, "d") == "-1,234");
  CHECK(rate(some, "e") == "0.2");
  CHECK(rate(some, "c") == "1234567.0");
  CHECK(bytes(some, "b") == "999 B");
  CHECK(bytes(some, "f") == "3.2 MiB");
  CHECK(text(some, "yes") == "yes");
  CHECK(text(some, "e") == "0.25");
}

TEST_CASE("times as people read them") {
  const auto some = parsed(R"({"a":850,"b":3240,"c":119000,"d":840000,"e":7200000})");
  CHECK(duration(some, "a") == "850 ms");
  CHECK(duration(some, "b") == "3.2 s");
  CHECK(duration(some, "c") == "119.0 s");
  CHECK(duration(some, "d") == "14 min");
  CHECK(duration(some, "e") == "2 h");
  using namespace std::chrono_literals;
  const auto then =
      parsed(R"({"a":")" + before(3min) + R"(","b":")" + before(49h) + R"(","c":")" + before(-1h) + "\"}");
  CHECK(ago(then, "a") == "3 min");
  CHECK(ago(then, "b") == "2 d");
  CHECK(ago(then, "c") == "0 s"); // another machine's clock is ahead
  const auto at = parsed(R"({"a":"2026-03-13T12:00:00.123456Z","b":"2026-03-13T12:00:00Z"})");
  CHECK(moment(at, "a") == "2026-03-13T12:00:00Z");
  CHECK(moment(at, "b") == "2026-03-13T12:00:00Z");
  CHECK(moment(at, "c").empty());
}

TEST_CASE("what agents wrote does not steer the terminal") {
  const auto some = parsed(R"({"title":"a\u001b[31mb\u0007\u009bc\nd\u007fé"})");
  CHECK(text(some, "title") == "a [31mb  c d é");
}
