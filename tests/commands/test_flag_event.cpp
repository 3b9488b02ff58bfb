#include "commands/commands.hpp"
#include "commands/flag_event.hpp"
#include "protocol/decode.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace agentmon;

namespace {

result<std::string> event_of(std::vector<std::string_view> arguments) {
  const auto flags = read_flags(arguments, event_flags());
  REQUIRE(flags);
  return event_from_flags(*flags, "here");
}

std::string fault_of(std::vector<std::string_view> arguments) {
  const auto json = event_of(std::move(arguments));
  return json ? "" : json.error().message;
}

} // namespace

TEST_CASE("what is not given is filled in") {
  const auto json = event_of({"--type", "deploy.done"});
  REQUIRE(json);
  const auto batch = decode(*json);
  REQUIRE(batch);
  REQUIRE(batch->events.size() == 1);
  const auto& e = batch->events.front();
  CHECK(e.type == "deploy.done");
  CHECK(e.host == "here");
  CHECK(e.framework == "custom");
  CHECK(e.id != uuid{});
  CHECK(now() - e.ts < std::chrono::minutes{1});
}

TEST_CASE("everything can be given") {
  const auto json = event_of({"--type",       "span.end",
                              "--session",    "s",
                              "--run",        "r",
                              "--span",       "x",
                              "--parent",     "p",
                              "--trace",      "abc",
                              "--framework",  "codex",
                              "--client",     "c",
                              "--host",       "h",
                              "--ts",         "2026-03-13T12:00:00Z",
                              "--id",         "01958f80-0000-7000-8000-000000000001",
                              "--kind",       "tool",
                              "--name",       "exec",
                              "--status",     "error",
                              "--duration",   "1500ms",
                              "--error",      "it \"broke\"",
                              "--payload",    R"({"input":"ls","status":"success"})",
                              "--attributes", R"({"a":1})"});
  REQUIRE(json);
  const auto batch = decode(*json);
  REQUIRE(batch);
  REQUIRE(batch->events.size() == 1);
  const auto& e = batch->events.front();
  CHECK(to_string(e.id) == "01958f80-0000-7000-8000-000000000001");
  CHECK(format_time(e.ts) == "2026-03-13T12:00:00.000Z");
  CHECK(e.session_id == "s");
  CHECK(e.run_id == "r");
  CHECK(e.span_id == "x");
  CHECK(e.parent_span_id == "p");
  CHECK(e.trace_id == "abc");
  CHECK(e.framework == "codex");
  CHECK(e.client_id == "c");
  CHECK(e.host == "h");
  CHECK(e.kind == "tool");
  CHECK(e.name == "exec");
  CHECK(e.status == outcome::error);
  CHECK(e.duration_us == 1'500'000);
  CHECK(e.error_message == "it \"broke\"");
  CHECK(e.attributes == R"({"a":1})");
  CHECK(e.payload.find("\"input\":\"ls\"") != std::string::npos);
}

TEST_CASE("what the gateway would refuse is not sent") {
  CHECK(fault_of({"--type", "run.start", "--session", "s"}).find("correlation.run_id") != std::string::npos);
  CHECK(fault_of({"--type", "Bad Type"}).find("event.type") != std::string::npos);
  CHECK(fault_of({"--type", "a", "--payload", "[1]"}).find("--payload must be a JSON object") != std::string::npos);
  CHECK(fault_of({"--type", "a", "--attributes", "{"}).find("--attributes") != std::string::npos);
  CHECK(fault_of({"--type", "a", "--id", "7"}).find("--id 7") != std::string::npos);
  CHECK(fault_of({"--type", "a", "--ts", "now"}).find("--ts now") != std::string::npos);
  CHECK(fault_of({"--type", "span.end", "--session", "s", "--run", "r", "--span", "x", "--status", "ok"})
            .find("payload.status")
        != std::string::npos);
  CHECK(fault_of({"--session", "s"}).find("--type is missing") != std::string::npos);
}

TEST_CASE("flags of commands and of settings do not meet") {
  for (const auto own : {emit_flags(), demo_flags(), doctor_flags(), config_flags()}) {
    std::set<std::string_view> names;
    for (const auto& each : setting_flags()) names.insert(each.name);
    for (const auto& each : own) {
      CAPTURE(each.name);
      CHECK(names.insert(each.name).second);
    }
  }
}
