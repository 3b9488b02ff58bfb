#include "protocol/decode.hpp"
#include "protocol/encode.hpp"
#include "protocol/limits.hpp"

#include <doctest/doctest.h>

using namespace agentmon;

namespace {

const std::string id = "0195a4c2-1111-7abc-8def-0123456789ab";

std::string span_end(const std::string& payload = R"({"kind":"tool","name":"exec","status":"error"})") {
  return R"({"schema":{"name":"agentmon.event","version":1},"event":{"id":")" + id
         + R"(","type":"span.end","ts":"2026-03-13T12:00:00.123Z","source":{"framework":"openclaw","client_id":"zap","host":"zap"}},)"
         + R"("correlation":{"session_id":"s1","run_id":"r1","span_id":"p1","parent_span_id":null,"trace_id":"abc"},)"
         + R"("attributes":{"a":{"b":[1,2,{"c":null}]}},"payload":)" + payload + "}";
}

std::string with(std::string json, const std::string& from, const std::string& to) {
  const auto at = json.find(from);
  REQUIRE(at != std::string::npos);
  return json.replace(at, from.size(), to);
}

rejection only_rejection(const std::string& json) {
  auto batch = decode(json);
  REQUIRE_MESSAGE(batch.has_value(), batch.error().message);
  CHECK(batch->events.empty());
  REQUIRE(batch->rejections.size() == 1);
  return batch->rejections[0];
}

} // namespace

TEST_SUITE_BEGIN("decode");

TEST_CASE("every column is found, in an array and alone") {
  for (const auto& text : {span_end(), "[" + span_end() + "]", " [ " + span_end() + " ] "}) {
    const auto batch = decode(text);
    REQUIRE(batch.has_value());
    REQUIRE(batch->events.size() == 1);
    const auto& e = batch->events[0];
    CHECK(to_string(e.id) == id);
    CHECK(format_time(e.ts) == "2026-03-13T12:00:00.123Z");
    CHECK(e.type == "span.end");
    CHECK(e.framework == "openclaw");
    CHECK(e.client_id == "zap");
    CHECK(e.host == "zap");
    CHECK(e.session_id == "s1");
    CHECK(e.run_id == "r1");
    CHECK(e.span_id == "p1");
    CHECK(e.parent_span_id.empty());
    CHECK(e.trace_id == "abc");
    CHECK(e.attributes == R"({"a":{"b":[1,2,{"c":null}]}})");
    CHECK(e.payload == R"({"kind":"tool","name":"exec","status":"error"})");
    CHECK(e.json == span_end());
    CHECK(e.status == outcome::error);
    CHECK(e.kind == "tool");
    CHECK(e.name == "exec");
  }
}

TEST_CASE("usage is read exactly and absent stays absent") {
  const auto batch = decode(span_end(
      R"({"duration_ms":12.5,"error":{"type":"E","message":"no \"luck\""},"usage":{"input_tokens":1e3,"output_tokens":7,"cache_read_tokens":null,"cost_usd":0.000123,"model":"m-1"}})"));
  REQUIRE(batch.has_value());
  REQUIRE(batch->events.size() == 1);
  const auto& e = batch->events[0];
  CHECK(e.duration_us == 12'500);
  CHECK(e.error_message == "no \"luck\"");
  CHECK(e.used.input_tokens == 1000);
  CHECK(e.used.output_tokens == 7);
  CHECK(!e.used.cache_read_tokens.has_value());
  CHECK(!e.used.reasoning_tokens.has_value());
  CHECK(e.used.cost_nano_usd == 123'000);
  CHECK(e.model == "m-1");
}

TEST_CASE("views survive moving the batch") {
  auto batch = decode(with(span_end(), "\"s1\"", R"("s\u00fc\n")"));
  REQUIRE(batch.has_value());
  CHECK(batch->rejections.size() == 1); // a line feed is not printable
  batch = decode(with(span_end(), "\"s1\"", R"("s\u00fc")"));
  const event_batch moved = std::move(*batch);
  CHECK(moved.events.at(0).session_id == "sü");
  CHECK(moved.events.at(0).host == "zap");
}

TEST_CASE("escapes mean their characters, and no others are taken") {
  const auto with_session = [](const std::string& text) { return with(span_end(), "\"s1\"", '"' + text + '"'); };
  const auto batch = decode(with_session(R"(\ud83d\ude00\u20AC\u00e9\u0041\/\"\\x)"));
  REQUIRE(batch.has_value());
  REQUIRE(batch->events.size() == 1);
  CHECK(batch->events[0].session_id == "😀€éA/\"\\x");
  const auto named = decode(with(span_end(), "session_id", R"(\u0073ession\u005fid)"));
  CHECK(named->events.at(0).session_id == "s1");
  const auto message = R"({"error":{"message":"\b\f\n\r\t"}})";
  CHECK(decode(span_end(message))->events.at(0).error_message == "\b\f\n\r\t");
  for (const auto* const text : {R"(\x)", R"(\u12)", R"(\u12g4)", R"(\U0041)", R"(\)", "\\\n"})
    CHECK_MESSAGE(!decode(with_session(text)).has_value(), text);
}

TEST_CASE("numbers are written as JSON wants them") {
  const auto with_number = [](const std::string& text) { return span_end("{\"x\":" + text + "}"); };
  for (const auto* const text : {"0", "-0", "10", "-1.50", "1e5", "1E+5", "0.1e-05", "123456789012345678901234567890"})
    CHECK_MESSAGE(decode(with_number(text))->events.size() == 1, text);
  for (const auto* const text :
       {"01", "-", "+1", ".5", "1.", "1.e1", "1e", "1e+", "-01", "0x1", "NaN", "Infinity", "tru", "nul", "True"})
    CHECK_MESSAGE(!decode(with_number(text)).has_value(), text);
}

TEST_CASE("the first fault of each event is told with index, field and reason") {
  struct fault_case {
    std::string json;
    std::string field;
    std::string message;
  };
  const std::vector<fault_case> cases{
      {with(span_end(), "\"agentmon.event\"", "\"other\""), "schema.name", "agentmon.event"},
      {with(span_end(), "\"version\":1", "\"version\":2"), "schema.version", "must be 1"},
      {with(span_end(), id, "not-a-uuid"), "event.id", "UUID"},
      {with(span_end(), "\"id\":\"" + id + "\",", ""), "event.id", "is missing"},
      {with(span_end(), "span.end", "Span End"), "event.type", "lower-case"},
      {with(span_end(), "\"2026-03-13T12:00:00.123Z\"", "1773403200"), "event.ts", "must be a string"},
      {with(span_end(), "12:00:00.123Z", "12:00:00.123"), "event.ts", "zone"},
      {with(span_end(), "\"framework\":\"openclaw\",", ""), "event.source.framework", "is missing"},
      {with(span_end(), "\"s1\"", "17"), "correlation.session_id", "must be a string"},
      {with(span_end(), "\"r1\"", "null"), "correlation.run_id", "span.end needs it"},
      {with(span_end(), "\"p1\"", "\"\""), "correlation.span_id", "printable"},
      {with(span_end(), "\"p1\"", "\"" + std::string(129, 'x') + "\""), "correlation.span_id", "128"},
      {with(span_end(), "{\"a\":{\"b\":[1,2,{\"c\":null}]}}", "[]"), "attributes", "must be an object"},
      {span_end("\"text\""), "payload", "must be an object"},
      {span_end(R"({"status":"fine"})"), "payload.status", "success, error or aborted"},
      {span_end(R"({"duration_ms":-1})"), "payload.duration_ms", "from 0"},
      {span_end(R"({"usage":{"input_tokens":"12"}})"), "payload.usage.input_tokens", "must be a number"},
      {span_end(R"({"usage":{"input_tokens":1.5}})"), "payload.usage.input_tokens", "whole number"},
      {span_end(R"({"error":"broken"})"), "payload.error", "must be an object"},
      {span_end(R"({"x":1e-20000})"), "", "out of range"},
      {span_end(R"({"x":1e-400})"), "", "out of range"},
      {span_end(R"({"x":"\udc00"})"), "", "surrogate"},
      {span_end(R"({"\udc00":1})"), "", "surrogate"},
      {span_end(R"({"x":1e309})"), "", "out of range"},
      {span_end(R"({"x":12e308})"), "", "out of range"},
      {span_end(R"({"x":0e309})"), "", "out of range"},
      {span_end(R"({"x":[1e309,{"y}\"]":1e999}],"z":"\ud800"})"), "", "out of range"},
      {span_end("{\"x\":" + std::string(400, '9') + "}"), "", "out of range"},
      {span_end(R"({"x":"\ud800"})"), "", "surrogate"},
      {span_end(R"({"\ud800\u0041":1,"x":1e309})"), "", "surrogate"},
      {span_end(R"({"usage":{"input_tokens":1},"usage":{"output_tokens":1}})"), "payload.usage", "given twice"},
      {with(span_end(), "\"run_id\":\"r1\"", "\"run_id\":\"r1\",\"run_id\":\"r2\""), "correlation.run_id",
       "given twice"},
      {span_end(R"({"usage":{"input_tokens":1e16}})"), "payload.usage.input_tokens", "whole number"},
      {span_end("{\"x\":\"" + std::string(limits::event_bytes, 'x') + "\"}"), "", "256 KiB"},
      {"{}", "schema", "is missing"},
  };
  for (const auto& c : cases) {
    const auto alone = only_rejection(c.json);
    CHECK(alone.index == 0);
    CHECK_MESSAGE(alone.field == c.field, c.json.substr(0, 400));
    CHECK_MESSAGE(alone.message.find(c.message) != std::string::npos, alone.message);
    const auto among = decode("[" + span_end() + "," + c.json + "," + span_end() + "]");
    REQUIRE(among.has_value());
    CHECK(among->events.size() == 2);
    REQUIRE(among->rejections.size() == 1);
    CHECK(among->rejections[0].index == 1);
  }
}

TEST_CASE("a number or an escape that no reader takes costs its own event only") {
  const auto bad = span_end(R"({"x":1e309})");
  const auto half = span_end(R"({"x":"\ud800"})");
  const auto batch = decode(" [" + bad + "\n, " + span_end() + ",17," + half + ",[]," + bad + "," + span_end() + " ] ");
  REQUIRE_MESSAGE(batch.has_value(), batch.error().message);
  CHECK(batch->events.size() == 2);
  std::vector<size_t> refused;
  for (const auto& r : batch->rejections) refused.push_back(r.index);
  CHECK(refused == std::vector<size_t>{0, 2, 3, 4, 5});
  CHECK(decode(" " + bad + " ")->rejections.size() == 1);
  for (const auto& text : {bad + "x", bad + bad, "[" + bad, "[" + bad + "}", "[" + bad + ",]", "[" + bad + "]]",
                           "[" + bad + span_end() + "]", "[" + bad + ",{]", "[" + bad.substr(0, bad.size() - 1) + "]",
                           std::string{"1e309"}, std::string{R"("\ud800")"}, span_end(R"({"x":1e309,"y":"})")})
    CHECK_MESSAGE(!decode(text).has_value(), text);
  std::string many = "[" + bad;
  for (size_t i = 1; i < limits::batch_events; ++i) many += ",{\"x\":1e309}";
  CHECK(decode(many + "]")->rejections.size() == limits::batch_events);
  CHECK(!decode(many + ",{}]").has_value());
}

TEST_CASE("elements that are no objects are rejected one by one") {
  const auto batch = decode("[1,\"x\",null,[{}]," + span_end() + R"(,1e309,[{"\ud800":1e309}],"\ud800"])");
  REQUIRE(batch.has_value());
  CHECK(batch->events.size() == 1);
  REQUIRE(batch->rejections.size() == 7);
  CHECK(batch->rejections[3].index == 3);
  CHECK(batch->rejections[3].message.find("must be an object") != std::string::npos);
}

TEST_CASE("payload keys of other types mean nothing to us") {
  const auto batch = decode(with(span_end(R"({"status":"fine","name":7,"usage":[]})"), "span.end", "metric.snapshot"));
  REQUIRE(batch.has_value());
  CHECK(batch->events.size() == 1);
}

TEST_CASE("the well-known keys count only in their place") {
  const auto batch = decode(
      span_end(R"({"x":{"status":"error","usage":{"input_tokens":5}},"list":[{"status":"no"}],"input_tokens":5})"));
  REQUIRE(batch.has_value());
  REQUIRE(batch->events.size() == 1);
  CHECK(batch->events[0].status == outcome::none);
  CHECK(!batch->events[0].used.input_tokens.has_value());
}

TEST_CASE("text that is no batch is refused as a whole") {
  const std::string deep = std::string(80, '[') + std::string(80, ']');
  for (const auto& text :
       {std::string{}, std::string{"nonsense"}, std::string{"[{]"}, span_end() + "x", std::string{"17"},
        std::string{"\"x\""}, std::string{"null"}, "[" + span_end() + ",]", span_end(deep),
        with(span_end(), "\"s1\"", "\"\xff\xfe\""), std::string{"[\0]", 3}, std::string{"[]\0", 3}})
    CHECK_MESSAGE(!decode(text).has_value(), text.substr(0, 200));
  CHECK(decode("[]")->events.empty());
}

TEST_CASE("an event that holds the NUL escape says so, wherever it stands") {
  const auto holds_nul = [](const std::string& payload) {
    const auto batch = decode("[" + span_end(payload) + "," + span_end("{}") + "]");
    REQUIRE(batch.has_value());
    REQUIRE(batch->events.size() == 2);
    CHECK_FALSE(batch->events[1].holds_nul);
    return batch->events[0].holds_nul;
  };
  CHECK(holds_nul(R"({"input":"x\u0000"})"));
  CHECK(holds_nul(R"({"a":{"b":[{"c\u0000":1}]}})"));
  CHECK_FALSE(holds_nul(R"({"input":"x\\u0000 \u0001"})"));
}

TEST_CASE("ids are ordered as their bytes are") {
  uuid less, more;
  for (size_t at = 0; at < less.bytes.size(); ++at) {
    less = more = uuid{};
    less.bytes[at] = 1;
    more.bytes[at] = 0x80;
    if (at + 1 < less.bytes.size()) less.bytes[at + 1] = 0xff;
    CHECK(less < more);
    CHECK(more > less);
    CHECK(less != more);
    CHECK(more == uuid{more});
  }
}

TEST_CASE("an event of the greatest depth is taken alone and from the array in which it travels") {
  const auto nested = [](size_t arrays) {
    return span_end(R"({"output":)" + std::string(arrays, '[') + std::string(arrays, ']') + "}");
  };
  const auto deepest = nested(limits::json_depth - 2); // the envelope and its payload are two
  const auto alone = decode(deepest);
  REQUIRE(alone.has_value());
  REQUIRE(alone->events.size() == 1);
  const auto parts = parts_of(*alone);
  REQUIRE(parts.size() == 1);
  CHECK(decode(parts[0].json)->events.size() == 1);
  CHECK(!decode(nested(limits::json_depth - 1)).has_value());
  CHECK(!decode("[" + nested(limits::json_depth - 1) + "]").has_value());
}

TEST_CASE("characters of any length are taken at any place, and what is no UTF-8 is refused there") {
  for (size_t before = 0; before < 20; ++before) {
    const std::string lead(before, 'x');
    for (const std::string good :
         {"", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
          "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", R"(\")", R"(\\)", R"(\u00e9)"}) {
      const auto json = span_end(R"({"output":")" + lead + good + R"(yyyyyyyyyyy"})");
      const auto batch = decode(json);
      REQUIRE_MESSAGE(batch.has_value(), good);
      REQUIRE(batch->events.size() == 1);
      CHECK(batch->events[0].json == json);
    }
    for (const std::string bad :
         {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\xc2", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
          "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
      const auto json = span_end(R"({"output":")" + lead + bad + R"(yyyyyyyyyyy"})");
      const auto at = std::to_string(json.find(bad));
      const auto batch = decode(json);
      REQUIRE_FALSE(batch.has_value());
      CHECK(batch.error().message == "the body is not valid JSON: it is not UTF-8 (byte " + at + ")");
    }
    for (char control = 0; control < 0x20; ++control)
      CHECK_FALSE(decode(span_end(R"({"output":")" + lead + control + R"(yyyyyyyyyyy"})")).has_value());
  }
}

TEST_CASE("10,000 events are a batch and 10,001 are not") {
  std::string text = "[";
  for (size_t i = 0; i < limits::batch_events; ++i) text += (i == 0 ? "0" : ",0");
  CHECK(decode(text + "]")->rejections.size() == limits::batch_events);
  const auto more = decode(text + ",0]");
  REQUIRE(!more.has_value());
  CHECK(more.error().message.find("10000 events") != std::string::npos);
}

TEST_CASE("what encode writes, decode reads") {
  const envelope out{.type = "run.start",
                     .framework = "f",
                     .session_id = "s \"quoted\" ü",
                     .run_id = "r",
                     .payload = R"({"input":"hi"})"};
  const auto batch = decode(encode(out));
  REQUIRE(batch.has_value());
  REQUIRE(batch->events.size() == 1);
  const auto& e = batch->events[0];
  CHECK(e.id == out.id);
  CHECK(e.ts == std::chrono::floor<std::chrono::microseconds>(out.ts));
  CHECK(e.session_id == out.session_id);
  CHECK(e.payload == out.payload);
  CHECK(e.client_id.empty());
}

TEST_CASE("parts hold every valid event once, in order, within the record's bound") {
  std::string text = "[";
  const auto big = span_end("{\"x\":\"" + std::string(100'000, 'x') + "\"}");
  for (int i = 0; i < 20; ++i) text += (i == 0 ? "" : " , ") + (i % 3 == 0 ? std::string{"17"} : big);
  const auto batch = decode(text + "]");
  REQUIRE(batch.has_value());
  const auto parts = parts_of(*batch);
  CHECK(parts.size() >= 3);
  size_t events = 0;
  for (const auto& part : parts) {
    CHECK(part.json.size() <= limits::record_bytes);
    const auto again = decode("[" + part.json + "]");
    REQUIRE(again.has_value());
    CHECK(again->events.size() == part.events);
    events += part.events;
  }
  CHECK(events == batch->events.size());
}

TEST_SUITE_END();
