#include "commands/event_reader.hpp"
#include "protocol/limits.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace agentmon;

namespace {

struct piece {
  std::string json;
  size_t line;
  bool operator==(const piece&) const = default;
};

/// The pieces of a text; the same in whatever portions it arrives.
std::vector<piece> read(const std::string& text) {
  std::vector<std::vector<piece>> all;
  for (const size_t portion : {text.size() + 1, size_t{1}, size_t{3}, size_t{7}}) {
    auto& pieces = all.emplace_back();
    event_reader reader{[&](std::string json, size_t line) { pieces.push_back({std::move(json), line}); }};
    for (size_t i = 0; i < text.size(); i += portion) reader.feed(std::string_view{text}.substr(i, portion));
    reader.finish();
  }
  for (const auto& each : all) CHECK(each == all.front());
  return all.front();
}

using pieces = std::vector<piece>;

} // namespace

namespace doctest {
template <>
struct StringMaker<pieces> {
  static String convert(const pieces& all) {
    std::string text;
    for (const auto& each : all) text += std::to_string(each.line) + ": " + each.json + "\n";
    return text.c_str();
  }
};
} // namespace doctest

TEST_CASE("one event a line") {
  CHECK(read("{\"a\":1}\n\n  \r\n{\"b\":\"}\"}\r\n{\"c\":3}")
        == pieces{{"{\"a\":1}", 1}, {"{\"b\":\"}\"}\r", 4}, {"{\"c\":3}", 5}});
  CHECK(read("") == pieces{});
  CHECK(read("\n \n") == pieces{});
}

TEST_CASE("a broken line harms no other") {
  CHECK(read("garbage\n{\"a\":1}\n{\"b\":\n{\"c\":1}\n")
        == pieces{{"garbage", 1}, {"{\"a\":1}", 2}, {"{\"b\":", 3}, {"{\"c\":1}", 4}});
}

TEST_CASE("an array, on one line or on many") {
  CHECK(read("[{\"a\":1},{\"b\":[2]}]") == pieces{{"{\"a\":1}", 1}, {"{\"b\":[2]}", 1}});
  CHECK(read("\n[\n  {\"a\": \"]\\\"\"},\n  {\n \"b\":2}\n]\n[{}]")
        == pieces{{"{\"a\": \"]\\\"\"}", 3}, {"{\n \"b\":2}", 4}, {"{}", 7}});
  CHECK(read("[1, \"x\"]") == pieces{{"1", 1}, {"\"x\"", 1}});
  CHECK(read("[]") == pieces{});
}

TEST_CASE("objects over many lines") {
  CHECK(read("{\n  \"a\": {\n  }\n}\n{\n}\n") == pieces{{"{\n  \"a\": {\n  }\n}", 1}, {"{\n}", 5}});
}

TEST_CASE("what is not closed arrives as it is") {
  CHECK(read("[{\"a\":1},{\"b\"") == pieces{{"{\"a\":1}", 1}, {"{\"b\"", 1}});
}

TEST_CASE("what is too large arrives empty, and the next is read") {
  const std::string large(limits::event_bytes + 10, 'x');
  for (const auto& text :
       {"{\"a\":1}\n\"" + large + "\"\n{\"b\":2}\n", "[{\"a\":1},\n\"" + large + "\",\n{\"b\":2}]"}) {
    std::vector<piece> got;
    event_reader reader{[&](std::string json, size_t line) { got.push_back({std::move(json), line}); }};
    reader.feed(text);
    reader.finish();
    CHECK(got == pieces{{"{\"a\":1}", 1}, {"", 2}, {"{\"b\":2}", 3}});
  }
}
