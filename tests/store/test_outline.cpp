#include "protocol/limits.hpp"
#include "tests/store/pages.hpp"
#include "tests/store/scenario.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

TEST_CASE("an outline has the beginnings of the texts and all the rest but what they hold") {
  const database db;
  auto writer = db.writer();
  scenario s;
  s.add("run.start", "a", "r", "", R"({"input":"first\nline \"quoted\""})");
  s.add("span.start", "a", "r", "x", R"({"kind":"tool","name":"exec","input":{"command":"ls"}})");
  s.add("span.end", "a", "r", "x",
        R"({"status":"error","error":{"type":"exit","message":"not\tfound"},"output":")" + std::string(500, 'o')
            + R"("})");
  s.add("span.end", "a", "r", "y", R"({"kind":"model","usage":{"input_tokens":5},"output":null,"input":[1,2]})");
  s.add("error", "a", "r", "x", R"({"error":{"type":"Crash"},"input":"unused"})");
  s.add("custom.note", "a", "r", "", R"({"output":{"text":"t"}})");
  write(writer, s.envelopes);
  auto connection = db.connect();
  const json_answer run{read_run(connection, "r", must(parse_run_view({{"view", "outline"}})), now())};
  CHECK(run["/title"] == "first line \"quoted\"");
  REQUIRE(run.size("/spans") == 2);
  CHECK(run["/spans/0/input_preview"] == R"({"command": "ls"})");
  CHECK(run["/spans/0/output_preview"] == std::string(limits::preview_characters - 1, 'o') + "\u2026");
  CHECK(run["/spans/0/error"] == "not found");
  CHECK(run["/spans/0/name"] == "exec");
  CHECK(run["/spans/0/usage"] == "null");
  CHECK(run["/spans/0/input"] == "absent");
  CHECK(run["/spans/0/attributes"] == "absent");
  CHECK(run["/spans/1/input_preview"] == "[1, 2]");
  CHECK(run["/spans/1/output_preview"] == "null");
  CHECK(run["/spans/1/error"] == "null");
  CHECK(run["/spans/1/usage/input_tokens"] == "5");
  REQUIRE(run.size("/events") == 3);
  CHECK(run["/events/0/preview"] == "first line \"quoted\"");
  CHECK(run["/events/1/preview"] == "Crash");
  CHECK(run["/events/1/span_id"] == "x");
  CHECK(run["/events/2/preview"] == R"({"text": "t"})");
  CHECK(run["/events/2/payload"] == "absent");
}

TEST_CASE("a span tells all that its events hold, and its events") {
  const database db;
  auto writer = db.writer();
  scenario s;
  s.add("span.start", "a", "r", "x", R"({"kind":"tool","name":"exec","input":{"command":"ls"}})");
  s.add("span.end", "a", "r", "y", R"({"kind":"tool"})");
  s.add("error", "a", "r", "x", R"({"error":{"type":"Crash"}})");
  s.add("span.end", "a", "r", "x", R"({"status":"success","output":"done"})");
  s.add("error", "a", "r", "only in an error", R"({"error":{"type":"Crash"}})");
  write(writer, s.envelopes);
  auto connection = db.connect();
  const json_answer span{read_span(connection, "r", must(parse_span_address({{"span_id", "x"}, {"session_id", "a"}})))};
  CHECK(span["/span/input/command"] == "ls");
  CHECK(span["/span/output"] == "done");
  CHECK(span["/span/status"] == "success");
  REQUIRE(span.size("/events") == 3);
  CHECK(span["/events/1/type"] == "error");
  CHECK(span["/events/2/payload/output"] == "done");
  for (const std::string missing : {"z", "only in an error"})
    CHECK(read_span(connection, "r", {"", missing}).error().code == fault::not_found);
  CHECK(read_span(connection, "other", {"", "x"}).error().code == fault::not_found);
  CHECK(read_span(connection, "r", {"b", "x"}).error().code == fault::not_found);
}

TEST_CASE("one event is found by its id, with or without its time") {
  const database db;
  auto writer = db.writer();
  scenario s;
  s.add("custom.one", "", "", "", R"({"n":1})").add("custom.two", "", "", "", R"({"n":2})");
  write(writer, s.envelopes);
  auto connection = db.connect();
  const auto id = db.value("SELECT event_id FROM events WHERE type = 'custom.two'");
  CHECK(json_answer{read_event(connection, id, {})}["/payload/n"] == "2");
  CHECK(json_answer{read_event(connection, id, s.at)}["/payload/n"] == "2");
  CHECK(read_event(connection, id, s.at + std::chrono::days{2}).error().code == fault::not_found);
  CHECK(read_event(connection, to_string(uuid{}), {}).error().code == fault::not_found);
  CHECK(read_event(connection, "no uuid", {}).error().code == fault::not_found);
}

TEST_CASE("the outline of the largest run stays below its bound") {
  const database db;
  auto writer = db.writer();
  scenario s;
  const auto text = [](char letter) { return '"' + std::string(700, letter) + '"'; };
  const auto uuid_like = [](int number) {
    return "0195a4c2-1111-7abc-8def-" + std::to_string(100'000'000'000 + number);
  };
  for (int span = 0; span < 10'000; ++span) {
    const auto id = uuid_like(span);
    s.add("span.start", uuid_like(1), uuid_like(2), id, R"({"kind":"tool","name":"exec","input":)" + text('i') + '}',
          1);
    s.add("span.end", uuid_like(1), uuid_like(2), id,
          R"({"kind":"tool","name":"exec","status":"success","duration_ms":12.5,"output":)" + text('o') + '}', 1);
  }
  for (size_t from = 0; from < s.envelopes.size(); from += 5'000)
    write(writer,
          {s.envelopes.begin() + static_cast<long>(from), s.envelopes.begin() + static_cast<long>(from + 5'000)});
  auto connection = db.connect();
  const json_answer run{read_run(connection, uuid_like(2), {"", true}, now())};
  CHECK(run.size("/spans") == 10'000);
  CHECK(run.text().size() < 4 * limits::MiB);
  CHECK(run["/spans/9999/output_preview"].starts_with("ooo"));
  CHECK(run["/truncated"] == "false");
}
