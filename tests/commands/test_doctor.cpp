#include "commands/doctor.hpp"
#include "commands/private_database.hpp"
#include "gateway.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace agentmon;

namespace {

endpoint at(const test_gateway& gateway) { return {"127.0.0.1", static_cast<uint16_t>(gateway.port())}; }

void answer_readyz(test_gateway& gateway, int status, const std::string& body) {
  gateway.server().Get("/readyz", says(status, body));
}

} // namespace

TEST_CASE("a port that is ready") {
  test_gateway gateway{{says(202, "")}};
  answer_readyz(gateway, 200, R"({"status":"ready","checks":[{"name":"nats","state":"up","since":"","message":""}]})");
  const auto findings = check_port("gateway", at(gateway));
  REQUIRE(findings.size() == 1);
  CHECK_FALSE(findings[0].is_problem);
}

TEST_CASE("a port whose database is away says so") {
  test_gateway gateway{{says(202, "")}};
  answer_readyz(gateway, 503, R"({"status":"unavailable","checks":[{"name":"nats","state":"up"},
    {"name":"postgresql","state":"away","since":"2026-03-13T12:00:00Z","message":"connection refused"}]})");
  const auto findings = check_port("query", at(gateway));
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].is_problem);
  CHECK(findings[1].is_problem);
  CHECK(findings[1].what == "query: postgresql");
  CHECK(findings[1].message == "away since 2026-03-13T12:00:00Z: connection refused");
}

TEST_CASE("another program on the port, or nobody") {
  endpoint place;
  {
    test_gateway gateway{{says(202, "")}};
    place = at(gateway);
    const auto findings = check_port("page", place);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].is_problem);
    CHECK(findings[0].message.find("another program") != std::string::npos);
    CHECK(check_nats("nats://127.0.0.1:" + std::to_string(place.port), std::chrono::milliseconds{50}).is_problem);
  }
  CHECK(check_port("page", place)[0].message.find("nobody answers") != std::string::npos);
  const auto nats = check_nats("nats://user:hunter2@127.0.0.1:" + std::to_string(place.port));
  CHECK(nats.is_problem);
  CHECK(nats.message.find("hunter2") == std::string::npos);
}

TEST_CASE("the data folder") {
  settings s;
  s.data_dir = std::filesystem::temp_directory_path() / "agentmon-not-there" / "deeper";
  const auto found = check_data_folder(s);
  CHECK(found.message.find("first start") != std::string::npos);
  s.data_dir = "/proc/agentmon";
  CHECK(check_data_folder(s).is_problem);
  CHECK(private_database::in(s.data_dir).error().message.find("no private PostgreSQL") != std::string::npos);
}

TEST_CASE("a verification in words") {
  store::verify_report report;
  report.events = 10;
  CHECK(told(report).size() == 1);
  CHECK_FALSE(told(report)[0].is_problem);
  report.differences["runs"] = {2, {"run r1 has 3 spans, its events say 4"}};
  const auto findings = told(report);
  REQUIRE(findings.size() == 3);
  CHECK(findings[0].is_problem);
  CHECK(findings[1].what == "table runs");
  CHECK(findings[2].message == "run r1 has 3 spans, its events say 4");
}
