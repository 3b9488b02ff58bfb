#include "store/json_text.hpp"
#include "tests/store/postgres_fixture.hpp"
#include "tests/store/scenario.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

TEST_CASE("the NUL escape is replaced, and only where it is one") {
  std::string buffer;
  CHECK(storable(R"({"a":"b"})", buffer) == R"({"a":"b"})");
  CHECK(storable(R"({"a":"x\u0000y"})", buffer) == R"({"a":"x\ufffdy"})");
  CHECK(storable(R"({"a":"x\\u0000y"})", buffer) == R"({"a":"x\\u0000y"})");
  CHECK(storable(R"({"a":"x\\\u0000\u0000"})", buffer) == R"({"a":"x\\\ufffd\ufffd"})");
}

TEST_CASE("the members of an object are cut out of its text") {
  const auto members =
      members_of(R"({"a": "x\"}, \\", "b": {"c": [1, "]", {}], "d": "}"}, "e\"": [], "f": -1.5, "g": null})");
  REQUIRE(members.size() == 5);
  CHECK(members[0] == std::pair<std::string_view, std::string_view>{"a", R"("x\"}, \\")"});
  CHECK(members[1] == std::pair<std::string_view, std::string_view>{"b", R"({"c": [1, "]", {}], "d": "}"})"});
  CHECK(members[2] == std::pair<std::string_view, std::string_view>{R"(e\")", "[]"});
  CHECK(members[3] == std::pair<std::string_view, std::string_view>{"f", "-1.5"});
  CHECK(members[4] == std::pair<std::string_view, std::string_view>{"g", "null"});
  for (const auto* const none : {"", "{}", "[]", "[{\"a\": 1}]", "\"a\"", "null"}) CHECK(members_of(none).empty());
}

TEST_CASE("texts with NUL are stored") {
  const database db;
  auto writer = db.writer();
  scenario s;
  s.add("error", "a", "", "", R"({"error":{"message":"x\u0000y"},"k\u0000":"\\u0000"})");
  CHECK(write(writer, s.envelopes).new_events == 1);
  CHECK(db.value(R"(SELECT payload -> 'error' ->> 'message' FROM events)") == "x\xef\xbf\xbdy");
  CHECK(db.value(R"(SELECT payload ->> E'k\ufffd' FROM events)") == R"(\u0000)");
}

TEST_CASE("an event that PostgreSQL refuses is set apart, the others are stored") {
  const database db;
  auto writer = db.writer();
  scenario earlier; // makes the day's partition
  earlier.add("error", "earlier");
  CHECK(write(writer, earlier.envelopes).new_events == 1);
  auto link = db.connect();
  must(link.exec("ALTER TABLE events ADD CONSTRAINT no_poison CHECK (NOT payload ? 'poison')"));
  scenario s;
  s.add_session("before", 2, 3);
  s.add("error", "before", "", "", R"({"poison":1})");
  s.add_session("after", 2, 3);
  s.add("error", "after", "", "", R"({"poison":2})");
  const auto report = write(writer, s.envelopes);
  CHECK(report.new_events == s.envelopes.size() - 2);
  CHECK(report.dead == 2);
  CHECK(report.sessions.size() == 2);
  CHECK(db.value("SELECT count(*) FROM events") == std::to_string(s.envelopes.size() - 2 + 1));
  CHECK(db.value("SELECT count(*) FROM dead_letters WHERE event_id IS NOT NULL AND reason LIKE '%no_poison%'") == "2");
  CHECK(db.value("SELECT count(*) FROM dead_letters WHERE convert_from(body, 'UTF8') LIKE '{%poison%'") == "2");
  // A redelivery finds all in place.
  const auto again = write(writer, s.envelopes);
  CHECK(again.new_events == 0);
  CHECK(db.value("SELECT count(*) FROM dead_letters") == "2");
}

TEST_CASE("figures at their bounds are stored") {
  const database db;
  auto writer = db.writer();
  scenario s;
  std::string deep = R"({"d":)";
  for (int i = 0; i < 58; ++i) deep += '[';
  for (int i = 0; i < 58; ++i) deep += ']';
  s.add("metric.snapshot", "", "", "", deep + '}');
  s.add("metric.snapshot", "", "", "", R"({"n":1e300,"m":1e-300,"i":123456789012345678901234567890})");
  s.add("span.end", "a", "r", "s",
        R"({"kind":"tool","duration_ms":100000000000,"usage":{"input_tokens":1000000000000}})");
  s.add("span.end", "a", "r", "t", R"({"kind":"tool","duration_ms":0,"usage":{"input_tokens":1000000000000}})");
  CHECK(write(writer, s.envelopes).new_events == 4);
  CHECK(db.value("SELECT spans_input_tokens FROM runs") == "2000000000000");
}

TEST_CASE("what decoding refused is kept once with its reason and its text") {
  const database db;
  auto writer = db.writer();
  scenario s;
  s.add("run.start", "a", "r");
  const auto envelopes =
      std::vector<std::string>{R"({"no":"event, {\"at\": [all]"})", s.envelopes[0], "17", R"(["]"])"};
  const auto report = write(writer, envelopes);
  CHECK(report.new_events == 1);
  CHECK(report.dead == 3);
  CHECK(write(writer, envelopes).duplicates == 1);
  CHECK(db.value("SELECT string_agg(convert_from(body, 'UTF8'), '|' ORDER BY id) FROM dead_letters")
        == R"({"no":"event, {\"at\": [all]"}|17|["]"])");
  CHECK(db.value("SELECT DISTINCT stream_sequence FROM dead_letters") == "7");
  const dead_letter letter{99, "no \"JSON\"", "", std::string_view{"\xff\0\xfe", 3}, {}};
  must(writer.bury(letter));
  must(writer.bury(letter));
  CHECK(db.value("SELECT encode(body, 'hex') FROM dead_letters WHERE stream_sequence = 99") == "ff00fe");
}
