#include "monitor/snapshot.hpp"
#include "protocol/decode.hpp"
#include "tests/monitor/readings.hpp"

#include <doctest/doctest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

using namespace agentmon;
using namespace agentmon::monitor;
using namespace agentmon::test;

namespace {

rapidjson::Document payload_of(const machine& m, const reading& now) {
  rates meter;
  judge of_zap{m.about};
  const auto told = meter.of(now);
  const auto text = snapshot_payload(m.about, now, told, of_zap.of(now, told), 30s);
  const auto event = event_of(m.about, now.taken, "openclaw.snapshot", text);
  const auto batch = decode(std::string_view{event});
  REQUIRE(batch);
  CHECK(batch->rejections.empty());
  REQUIRE(batch->events.size() == 1);
  CHECK(batch->events[0].host == "zap");
  rapidjson::Document document;
  document.Parse(text.c_str());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

/// What stands there, as JSON text; empty when nothing does.
std::string at(const rapidjson::Document& document, const char* pointer) {
  const auto* const found = rapidjson::Pointer{pointer}.Get(document);
  if (found == nullptr) return {};
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  found->Accept(writer);
  return buffer.GetString();
}

} // namespace

TEST_CASE("a snapshot tells figures, the gateway, counters, and why the rest is unknown") {
  machine m;
  m.inside.agent_version = "2026.9.4";
  const auto payload = payload_of(m, m.read());
  CHECK(at(payload, "/name") == R"("zap")");
  CHECK(at(payload, "/state") == R"("running")");
  CHECK(at(payload, "/verdict") == R"("healthy")");
  CHECK(at(payload, "/cpu_percent") == "null");
  CHECK(at(payload, "/unknown/cpu_percent") == R"("a rate needs two readings, and this is the first one")");
  CHECK(at(payload, "/memory_used_bytes") == "1000.0");
  CHECK(at(payload, "/unknown/memory_used_bytes").empty());
  CHECK(at(payload, "/gateway/up") == "true");
  CHECK(at(payload, "/gateway/public") == "false");
  CHECK(at(payload, "/agent_version") == R"("2026.9.4")");
  CHECK(at(payload, "/counters/cpu_time_nanoseconds") == "1000000000");
  CHECK(at(payload, "/counters/networks/vnet0/1") == "600");
  CHECK(at(payload, "/labels/owner") == R"("ops")");
  CHECK(at(payload, "/interval_seconds") == "30.0");
  CHECK(at(payload, "/issues") == "[]");
}

TEST_CASE("what a guest says cannot break the event") {
  machine m;
  m.inside.agent_version = "\xff\xfe \" \\ \n";
  m.inside.log_lines = {std::string(1000, '\x80')};
  m.inside.disks.assign(10'000, {"/\xc3", 10, 1});
  m.outside.networks.assign(10'000, {"vnet", 1, 1});
  payload_of(m, m.read());
}

TEST_CASE("nothing known is null with a reason, never 0") {
  machine m;
  const auto payload = payload_of(
      m, {m.at, fail(fault::unavailable, "no libvirtd"), {reach::key_refused, "it does not take the key", {}}});
  CHECK(at(payload, "/state") == R"("key refused")");
  CHECK(at(payload, "/verdict") == R"("unknown")");
  CHECK(payload["unknown"].MemberCount() == 11);
  CHECK(at(payload, "/gateway/up") == "null");
}
