/// The vectors of ../../vectors: vectors FOLDER. Says each that fails; 1 when there is one.
#include "delivery.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <agentmon/sdk.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace sdk = agentmon::sdk;
using json = rapidjson::Value;

namespace {

int failures = 0;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::cout << "FAILED " << what << '\n';
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Makes texts of {"repeat": TEXT, "times": N}.
void expand(json& in, rapidjson::Document::AllocatorType& memory) {
  if (in.IsArray())
    for (json& each : in.GetArray()) expand(each, memory);
  if (!in.IsObject()) return;
  if (in.HasMember("repeat") && in.HasMember("times")) {
    std::string text;
    for (int i = 0; i < in["times"].GetInt(); ++i) text += in["repeat"].GetString();
    in.SetString(text.data(), static_cast<rapidjson::SizeType>(text.size()), memory);
    return;
  }
  for (auto& each : in.GetObject()) expand(each.value, memory);
}

rapidjson::Document parse(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError()) throw std::runtime_error("this is no JSON: " + text.substr(0, 200));
  expand(document, document.GetAllocator());
  return document;
}

std::string text_of(const json& of) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  of.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize()).substr(0, 2000);
}

sdk::value value_of(const json& of) {
  if (of.IsBool()) return of.GetBool();
  if (of.IsInt64()) return of.GetInt64();
  if (of.IsNumber()) return of.GetDouble();
  if (of.IsString()) return std::string(of.GetString(), of.GetStringLength());
  if (of.IsArray()) {
    sdk::array elements;
    for (const json& each : of.GetArray()) elements.push_back(value_of(each));
    return elements;
  }
  if (of.IsNull()) return nullptr;
  sdk::object members;
  for (const auto& each : of.GetObject()) members.push_back({each.name.GetString(), value_of(each.value)});
  return members;
}

sdk::object object_of(const json& in, const char* key) {
  return in.HasMember(key) ? std::get<sdk::object>(value_of(in[key]).held) : sdk::object{};
}

std::string string_of(const json& in, const char* key) { return in.HasMember(key) ? in[key].GetString() : ""; }

/// A folder that is gone with it.
class folder {
public:
  folder() : path_(mkdtemp(name_.data())) {}
  ~folder() { std::filesystem::remove_all(path_); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

  /// The events of an emitter that had nowhere to send them to.
  std::vector<rapidjson::Document> events() const {
    std::vector<std::filesystem::path> files{std::filesystem::directory_iterator(path_), {}};
    std::erase_if(files, [](const auto& file) { return file.extension() != ".jsonl"; });
    std::ranges::sort(files);
    std::vector<rapidjson::Document> found;
    for (const auto& file : files) found.push_back(parse(content_of(file)));
    return found;
  }

private:
  std::string name_ = std::filesystem::temp_directory_path() / "agentmon-sdk-XXXXXX";
  std::filesystem::path path_;
};

constexpr auto nowhere = "http://127.0.0.1:9";
constexpr auto at_once = std::chrono::milliseconds(0);

void test_envelope(const json& one) {
  const json& settings = one["settings"];
  const json& event = one["event"];
  const std::string name = one["name"].GetString();
  // NOLINTBEGIN(concurrency-mt-unsafe): there is no other thread yet
  setenv("AGENTMON_CAPTURE_CONTENT", string_of(settings, "capture").c_str(), 1);
  unsetenv("AGENTMON_INGEST_URL");
  // NOLINTEND(concurrency-mt-unsafe)
  const folder spool;
  sdk::emitter emitter({settings["framework"].GetString(),
                        settings.HasMember("url") ? settings["url"].GetString() : nowhere, "",
                        settings["client_id"].GetString(), settings["host"].GetString(), spool.path()});
  const std::chrono::microseconds at(event["at_us"].GetInt64());
  emitter.emit({event["type"].GetString(),
                object_of(event, "payload"),
                {string_of(event, "session_id"), string_of(event, "run_id"), string_of(event, "span_id"),
                 string_of(event, "parent_span_id"), string_of(event, "trace_id")},
                object_of(event, "attributes"),
                std::chrono::system_clock::time_point(at)});
  emitter.close(at_once);
  if (one.HasMember("dropped")) {
    const std::map<std::string, std::size_t> dropped{{one["dropped"].GetString(), 1}};
    return expect(emitter.dropped() == dropped, name);
  }
  auto told = spool.events();
  if (told.size() != 1) return expect(false, name + ": nothing is told");
  json& made = told[0]["event"];
  std::string id = made["id"].GetString();
  made.RemoveMember("id");
  static const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  expect(std::regex_match(id, form), name + ": id " + id);
  std::erase(id, '-');
  expect(std::stoll(id.substr(0, 12), nullptr, 16) == at.count() / 1000, name + ": time of id " + id);
  const json& whole = told[0];
  expect(whole == one["expected"], name + ": " + text_of(whole));
}

void walk(sdk::emitter& emitter, const json& step) {
  if (step.HasMember("tells")) return emitter.emit({step["tells"].GetString()});
  const std::string level = step["scope"].GetString(), ends = step["ends"].GetString();
  const sdk::given given{step["id"].GetString(), step.HasMember("input") ? value_of(step["input"]) : sdk::value()};
  sdk::scope scope = level == "session" ? emitter.session(given)
                     : level == "run"   ? emitter.run(given)
                                        : emitter.span(string_of(step, "kind"), string_of(step, "name"), given);
  for (const json& inner : step["inside"].GetArray()) walk(emitter, inner);
  if (step.HasMember("output")) scope.output(value_of(step["output"]));
  if (step.HasMember("usage")) scope.usage(object_of(step, "usage"));
  if (ends == "error") scope.failed(std::runtime_error("it broke"));
  if (ends == "aborted") scope.aborted();
}

void test_scopes(const json& one) {
  const folder spool;
  sdk::emitter emitter({.framework = "test", .url = nowhere, .spool = spool.path()});
  for (const json& scope : one["scopes"].GetArray()) walk(emitter, scope);
  emitter.close(at_once);
  const json& expected = one["expected"];
  auto told = spool.events();
  expect(told.size() == expected.Size(), one["name"].GetString());
  for (rapidjson::SizeType i = 0; i < told.size() && i < expected.Size(); ++i) {
    json& payload = told[i]["payload"];
    if (payload.HasMember("duration_ms") && payload["duration_ms"].GetDouble() >= 0) payload["duration_ms"] = "any";
    if (payload.HasMember("error")) payload["error"]["type"] = "any";
    const bool same = told[i]["event"]["type"] == expected[i]["type"] && payload == expected[i]["payload"]
                      && told[i]["correlation"] == expected[i]["correlation"];
    expect(same, one["name"].GetString() + (": " + text_of(told[i])));
  }
}

void test_answers(const json& one, sdk::detail::waiting& queue) {
  const std::string name = one["name"].GetString();
  const int bytes = one.HasMember("bytes_each") ? one["bytes_each"].GetInt() : 20;
  for (int number = 0; number < one["waiting"].GetInt(); ++number)
    queue.add(R"({"n":)" + std::to_string(number) + R"(,"filler":")" + std::string(static_cast<size_t>(bytes - 20), 'x')
              + R"("})");
  rapidjson::SizeType request = 0, pause = 0;
  std::size_t dropped = 0;
  sdk::detail::drain(
      queue, {[&](const std::vector<std::string>& events) -> sdk::detail::answer {
                if (request >= one["requests"].Size()) throw std::runtime_error(name + ": too many requests");
                const json& expected = one["requests"][request];
                const json& answer = one["answers"][request++];
                expect(parse(events[0])["n"] == expected[0] && events.size() == expected[1].GetUint(),
                       name + ": request " + std::to_string(request));
                if (answer.IsNull()) return {};
                return {answer["status"].GetInt(), string_of(answer, "retry_after"), answer["body"].GetString()};
              },
              [&](std::chrono::duration<double> seconds) {
                if (pause >= one["pauses"].Size()) throw std::runtime_error(name + ": too many pauses");
                const json& expected = one["pauses"][pause++];
                const double least = expected[0].GetDouble(), most = expected[1].GetDouble();
                expect(least <= seconds.count() && seconds.count() <= most,
                       name + ": pause of " + std::to_string(seconds.count()));
                expect(least == most || seconds.count() != least, name + ": there is chance in the pause");
                return true;
              },
              [&](std::size_t count) { dropped += count; }, [](auto, const auto&) {}});
  expect(request == one["requests"].Size() && pause == one["pauses"].Size() && queue.empty(), name);
  expect(dropped == one["dropped"].GetUint64(), name + ": dropped");
}

void test_what_only_cpp_has() {
  const folder spool;
  sdk::emitter emitter({.framework = "test", .url = nowhere, .spool = spool.path()});
  try {
    [[maybe_unused]] const auto run = emitter.run();
    const auto span = emitter.span("subagent", "", {"s-1"});
    std::thread([&span] { const auto tool = span.span("tool", "exec"); }).join();
    throw std::runtime_error("on");
  } catch (const std::runtime_error&) {
  }
  emitter.emit({"custom.tick", {{"value", std::numeric_limits<double>::quiet_NaN()}}});
  emitter.emit({"custom.tick", {{"value", "\xff"}}});
  emitter.close(at_once);
  emitter.emit({"custom.tick"});
  auto told = spool.events();
  expect(told.size() == 6 && told[2]["correlation"]["parent_span_id"] == "s-1", "a thread is given its scope");
  expect(told.size() == 6 && told[5]["payload"]["status"] == "error", "an exception ends its scopes as errors");
  const std::map<std::string, std::size_t> dropped{{"invalid", 2}, {"closed", 1}};
  expect(emitter.dropped() == dropped, "what is no JSON, or too late, is dropped");

  sdk::emitter full({.framework = "test", .url = nowhere});
  for (int i = 0; i < 200; ++i) full.emit({"custom.tick", {{"text", std::string(200'000, 'x')}}});
  expect(full.dropped()["full"] > 20, "memory is bounded");
  full.close(at_once);
  expect(full.dropped()["full"] + full.dropped()["closed"] == 200, "what waits at the end is dropped");
}

void test_no_room_in_a_spool() {
  const folder where;
  const auto earlier = where.path() / "earlier.jsonl";
  { const std::ofstream made(earlier); }
  std::filesystem::resize_file(earlier, (64U << 20) - 10);
  sdk::detail::spool spool(where.path());
  expect(spool.add("123456789") && !spool.add("1"), "a spool is bounded");
}

} // namespace

int main(int, char** arguments) {
  const std::filesystem::path vectors = arguments[1];
  const auto envelopes = parse(content_of(vectors / "envelopes.json"));
  for (const json& one : envelopes.GetArray()) test_envelope(one);
  const auto scopes = parse(content_of(vectors / "scopes.json"));
  for (const json& one : scopes.GetArray()) test_scopes(one);
  const auto answers = parse(content_of(vectors / "answers.json"));
  for (const json& one : answers.GetArray()) {
    sdk::detail::memory in_memory;
    test_answers(one, in_memory);
    const folder spool;
    sdk::detail::spool on_disk(spool.path());
    test_answers(one, on_disk);
  }
  test_what_only_cpp_has();
  test_no_room_in_a_spool();
  std::cout << failures << " failed\n";
  return failures == 0 ? 0 : 1;
}
