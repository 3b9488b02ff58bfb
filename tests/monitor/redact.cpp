#include "monitor/redact.hpp"

#include "services/files.hpp"

#include <doctest/doctest.h>
#include <rapidjson/document.h>

#include <chrono>
#include <string>
#include <vector>

namespace agentmon::monitor {
namespace {

/// tests/secrets.json, which the tests of the hooks read, too.
class secrets {
public:
  secrets() {
    json_.Parse(service::read_file(AGENTMON_SECRETS).value_or("").c_str());
    REQUIRE(json_.IsObject());
  }

  std::vector<std::string> planted() const {
    std::vector<std::string> list;
    for (const auto& each : json_["planted"].GetObject()) list.emplace_back(each.value.GetString());
    return list;
  }
  std::vector<std::string> harmless() const {
    std::vector<std::string> list;
    for (const auto& each : json_["harmless"].GetArray()) list.emplace_back(each.GetString());
    return list;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> list;
    for (const auto& each : json_["texts"].GetObject()) list.push_back(filled(each.value.GetString()));
    return list;
  }

private:
  std::string filled(std::string text) const {
    for (const auto& each : json_["planted"].GetObject()) {
      const auto place = '{' + std::string{each.name.GetString()} + '}';
      for (size_t at = 0; (at = text.find(place, at)) != std::string::npos;)
        text.replace(at, place.size(), each.value.GetString());
    }
    return text;
  }

  rapidjson::Document json_;
};

TEST_CASE("secrets are found in every place where people leave them") {
  const secrets all;
  REQUIRE(all.texts().size() > 10);
  for (const auto& text : all.texts()) {
    const auto safe = redact("It says: " + text);
    INFO(safe);
    CHECK(safe.starts_with("It says: ")); // not hidden as a whole because it could not be looked through
    for (const auto& secret : all.planted()) CHECK(safe.find(secret) == std::string::npos);
  }
}

TEST_CASE("what is no secret is left alone") {
  for (const auto& text : secrets{}.harmless()) CHECK(redact(text) == text);
  CHECK(redact("").empty());
}

TEST_CASE("what was found out before a secret stays") {
  CHECK(redact("export API_TOKEN=abc def") == "export API_TOKEN=[redacted] def");
  CHECK(redact("fetch https://bob:abc@x.test/y") == "fetch https://[redacted]@x.test/y");
  CHECK(redact("key ghp_16C7e42F292c6912E7710c838347Ae178B4a.") == "key [redacted].");
  // One secret may be longer than all the text that is left, and there may be many.
  std::string many;
  for (int i = 0; i < 500; ++i) many += "--token a ";
  CHECK(redact(many).find(" a ") == std::string::npos);
}

TEST_CASE("a text that is made to take long is hidden or done in time") {
  const auto begun = std::chrono::steady_clock::now();
  for (const std::string word :
       {"password-", "pass.pwd-", "a-", "sk-a-", "npm-", "tokentoken", "a://", "\"", "mysql "}) {
    std::string text;
    while (text.size() < 10'000) text += word;
    redact(text);
  }
  redact("password=\"" + std::string(10'000, '\\'));
  redact(std::string(10'000, '-') + "BEGIN PRIVATE KEY");
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{5});
}

} // namespace
} // namespace agentmon::monitor
