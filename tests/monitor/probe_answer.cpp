#include "monitor/probe_answer.hpp"

#include "protocol/limits.hpp"
#include "protocol/utf_8.hpp"

#include <doctest/doctest.h>

namespace agentmon::monitor {
namespace {

std::string answer(const std::string& lines) { return "agentmon-probe=1\n" + lines + "\nend=1\n"; }

inside_view parsed(const std::string& lines) {
  auto view = parse_probe_answer(answer(lines));
  REQUIRE(view);
  return *view;
}

TEST_CASE("an answer is read") {
  const auto view = parsed(R"(host=zap
system=Debian GNU/Linux 12 (bookworm)
kernel=6.1.0
boot_id=fedea94c
uptime=36700.08
clock=1795403612
load=9.85 9.06 5.98
cpu=100 20 30 800 40 1 2 7
processors=2
MemTotal=1000
MemAvailable=400
SwapTotal=0
SwapFree=0
pressure_cpu=98.92
pressure_memory=0.00
pressure_io=0.06
disk=2000 500 /
disk=10 5 /a b
network=3748 7476 eth0
LoadState=loaded
ActiveState=active
SubState=running
Result=success
NRestarts=4
gateway_processes=1
gateway_resident=900
listeners=2
public=1
agent_version=2026.9.6
log=it failed: token=abc
log_errors=3
new_key_of_tomorrow=x)");
  CHECK(view.host == "zap");
  CHECK(view.system == "Debian GNU/Linux 12 (bookworm)");
  CHECK(view.kernel == "6.1.0");
  CHECK(view.boot_id == "fedea94c");
  CHECK(view.uptime_seconds == 36700.08);
  CHECK(view.clock == 1795403612);
  CHECK(view.load_1 == 9.85);
  CHECK(view.load_5 == 9.06);
  CHECK(view.load_15 == 5.98);
  CHECK(view.cpu_total == 1000);
  CHECK(view.cpu_busy == 160);
  CHECK(view.processors == 2);
  CHECK(view.memory_total == 1000 * 1024);
  CHECK(view.memory_available == 400 * 1024);
  CHECK(view.swap_total == 0);
  CHECK(view.swap_free == 0);
  CHECK(view.pressure_cpu == 98.92);
  CHECK(view.pressure_memory == 0.0);
  CHECK(view.pressure_io == 0.06);
  REQUIRE(view.disks.size() == 2);
  CHECK(view.disks[0].mounted_at == "/");
  CHECK(view.disks[0].total == 2000 * 1024);
  CHECK(view.disks[1].available == 5 * 1024);
  CHECK(view.disks[1].mounted_at == "/a b");
  REQUIRE(view.networks.size() == 1);
  CHECK(view.networks[0].name == "eth0");
  CHECK(view.networks[0].received == 3748);
  CHECK(view.networks[0].sent == 7476);
  REQUIRE(view.unit);
  CHECK(view.unit->active_state == "active");
  CHECK(view.unit->restarts == 4);
  CHECK(view.gateway_processes == 1);
  CHECK(view.gateway_resident == 900 * 1024);
  CHECK(view.gateway_listeners == 2);
  CHECK(view.gateway_public == true);
  CHECK(view.agent_version == "2026.9.6");
  CHECK(view.log_lines == std::vector<std::string>{"it failed: token=[redacted]"});
  CHECK(view.log_errors == 3);
  CHECK(view.taken <= std::chrono::steady_clock::now());
  CHECK(view.taken.time_since_epoch().count() > 0);
}

TEST_CASE("what is missing or wrong is unknown") {
  const auto empty = parsed("");
  CHECK_FALSE(empty.cpu_total);
  CHECK_FALSE(empty.unit);
  CHECK_FALSE(empty.gateway_public);
  CHECK_FALSE(empty.gateway_listeners);

  const auto wrong = parsed(R"(uptime=-1
clock=12x
load=1.0
cpu=1 2 3
processors=99999999999
MemTotal=18446744073709551615
MemAvailable=
pressure_cpu=nan
pressure_io=inf
disk=x 5 /
disk=5 5
network=1 eth0
ActiveState=active
gateway_processes=-3
listeners= 1
public=yes
noise)");
  CHECK_FALSE(wrong.uptime_seconds);
  CHECK_FALSE(wrong.clock);
  CHECK(wrong.load_1 == 1.0);
  CHECK_FALSE(wrong.load_5);
  CHECK_FALSE(wrong.load_15);
  CHECK_FALSE(wrong.cpu_total);
  CHECK_FALSE(wrong.processors);
  CHECK_FALSE(wrong.memory_total);
  CHECK_FALSE(wrong.memory_available);
  CHECK_FALSE(wrong.pressure_cpu);
  CHECK_FALSE(wrong.pressure_io);
  CHECK(wrong.disks.empty());
  CHECK(wrong.networks.empty());
  CHECK_FALSE(wrong.unit); // without a LoadState systemd has not answered
  CHECK_FALSE(wrong.gateway_processes);
  CHECK_FALSE(wrong.gateway_listeners);
  CHECK_FALSE(wrong.gateway_public);
}

TEST_CASE("the first of several counts, and an old kernel counts fewer kinds of ticks") {
  CHECK(parsed("host=a\nhost=b").host == "a");
  CHECK(parsed("MemTotal=1\nMemTotal=2").memory_total == 1024);
  CHECK(parsed("cpu=1 2 3 4\ncpu=9 9 9 9").cpu_total == 10);
  CHECK(parsed("cpu=1 2 3 4").cpu_busy == 6);
}

TEST_CASE("what stands around an answer does not matter, a part of one is none") {
  CHECK(parse_probe_answer("Welcome!\nhost=motd\n" + answer("host=a") + "host=later\nlogout\n")->host == "a");
  CHECK_FALSE(parse_probe_answer(""));
  CHECK_FALSE(parse_probe_answer("This account is currently not available.\n"));
  const auto cut = parse_probe_answer("agentmon-probe=1\nhost=a\nend=");
  REQUIRE_FALSE(cut);
  CHECK(cut.error().code == fault::corrupt);
  CHECK(cut.error().message.find("cut off") != std::string::npos);
  const auto newer = parse_probe_answer("agentmon-probe=2\nend=1\n");
  REQUIRE_FALSE(newer);
  CHECK(newer.error().message.find("version") != std::string::npos);
}

TEST_CASE("an answer fills no more than its bounds, and is text") {
  std::string lines;
  for (int i = 0; i < 1000; ++i) {
    lines += "disk=1 1 /" + std::to_string(i) + "\nnetwork=1 1 e" + std::to_string(i) + "\nlog=line\n";
  }
  const auto view = parsed(lines + "host=" + std::string(100'000, 'x') + "\nkernel=\xff\xfe\x01\xc3");
  CHECK(view.disks.size() == limits::probe_list);
  CHECK(view.networks.size() == limits::probe_list);
  CHECK(view.log_lines.size() == limits::probe_log_lines);
  CHECK(view.host.size() <= limits::probe_text_characters * 4);
  CHECK(is_utf_8(view.kernel));
}

TEST_CASE("no part of a secret is left in lines of a log") {
  const auto key =
      parsed("log=-----BEGIN PRIVATE KEY-----\nlog=MIIEvQIBADANBgkqhkiG9w0BAQ\nlog=-----END PRIVATE KEY-----");
  for (const auto& line : key.log_lines) CHECK(line.find("MII") == std::string::npos);

  const std::string secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
  for (size_t before = 900; before < 1010; ++before) {
    // As the probe cuts it, and as somebody who does not.
    const auto line = "log=" + std::string(before, ' ') + secret + " and more of it";
    for (const auto& sent : {line.substr(0, 1000), line})
      for (const auto& kept : parsed(sent).log_lines) {
        INFO(kept);
        CHECK(kept.find("ghp_1") == std::string::npos);
      }
  }
}

} // namespace
} // namespace agentmon::monitor
