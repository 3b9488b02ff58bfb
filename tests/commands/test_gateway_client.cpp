#include "commands/gateway_client.hpp"
#include "gateway.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

/// A client that remembers its pauses instead of making them.
struct patient_client {
  std::vector<std::chrono::milliseconds> pauses;
  gateway_client client;

  explicit patient_client(const std::string& url, std::optional<std::string> token = {})
      : client{{.url = url,
                .token = std::move(token),
                .timeout = 1min,
                .pause =
                    [this](std::chrono::milliseconds time) {
                      pauses.push_back(time);
                      return pauses.size() < 5;
                    },
                .on_retry = {}}} {}
};

} // namespace

TEST_CASE("a busy gateway is asked again, when it says so") {
  test_gateway gateway{{says(503, R"({"error":{"code":"overload","message":"full"}})", "7"), says(429, "", "2"),
                        says(202, R"({"accepted":1,"rejected":[]})")}};
  patient_client it{gateway.url(), "secret"};
  const auto answer = it.client.post("[{}]");
  REQUIRE(answer);
  CHECK(answer->accepted == 1);
  CHECK(it.pauses == std::vector<std::chrono::milliseconds>{7s, 2s});
  const auto requests = gateway.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[2].body == "[{}]");
  CHECK(requests[2].get_header_value("Authorization") == "Bearer secret");
  CHECK(requests[2].get_header_value("Content-Type") == "application/json");
}

TEST_CASE("without Retry-After the pauses grow") {
  test_gateway gateway{{says(502, ""), says(502, ""), says(502, ""), says(202, R"({"accepted":1,"rejected":[]})")}};
  patient_client it{gateway.url()};
  REQUIRE(it.client.post("[{}]"));
  REQUIRE(it.pauses.size() == 3);
  CHECK(it.pauses[0] >= 50ms);
  CHECK(it.pauses[0] <= 100ms);
  CHECK(it.pauses[2] >= 200ms);
  CHECK(it.pauses[2] <= 400ms);
}

TEST_CASE("rejections come with 202, and with 400 when nothing was right") {
  test_gateway gateway{
      {says(202, R"({"accepted":1,"rejected":[{"index":1,"field":"event.ts","message":"is missing"}]})"),
       says(400,
            R"({"error":{"code":"invalid","message":"m","details":[{"index":0,"field":"event","message":"x"}]}})")}};
  patient_client it{gateway.url()};
  const auto some = it.client.post("[1,2]");
  REQUIRE(some);
  CHECK(some->accepted == 1);
  REQUIRE(some->rejected.size() == 1);
  CHECK(some->rejected[0].index == 1);
  CHECK(some->rejected[0].field == "event.ts");
  CHECK(some->rejected[0].message == "is missing");
  const auto none = it.client.post("[1]");
  REQUIRE(none);
  CHECK(none->accepted == 0);
  CHECK(none->rejected.size() == 1);
}

TEST_CASE("what will not change is not tried again") {
  test_gateway gateway{
      {says(401, ""), says(404, "<html>"), says(400, R"({"error":{"message":"is no JSON"}})"), says(202, "hello")}};
  patient_client it{gateway.url()};
  const auto unauthorized = it.client.post("[]");
  CHECK(unauthorized.error().code == fault::invalid);
  CHECK(unauthorized.error().message.find("AGENTMON_INGEST_TOKEN") != std::string::npos);
  CHECK(it.client.post("[]").error().message.find("not a gateway") != std::string::npos);
  CHECK(it.client.post("[]").error().message.find("is no JSON") != std::string::npos);
  CHECK(it.client.post("[]").error().code == fault::invalid);
  CHECK(it.pauses.empty());
}

TEST_CASE("nobody there: gives up when it may not wait any longer") {
  int port = 0;
  {
    test_gateway gone{{says(202, "")}};
    port = gone.port();
  }
  patient_client it{"http://127.0.0.1:" + std::to_string(port)};
  CHECK(it.client.post("[]").error().code == fault::stopping);
  CHECK(it.pauses.size() == 5);
  gateway_client hasty{{.url = "http://127.0.0.1:" + std::to_string(port),
                        .token = {},
                        .timeout = 0ms,
                        .pause = [](std::chrono::milliseconds) { return true; },
                        .on_retry = {}}};
  const auto answer = hasty.post("[]");
  CHECK(answer.error().code == fault::unavailable);
  CHECK(answer.error().message.find("cannot be reached") != std::string::npos);
}
