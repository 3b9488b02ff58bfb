#include "monitor/rates.hpp"
#include "tests/monitor/readings.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::monitor;
using namespace agentmon::test;

namespace {

std::string reason(const figure& f) { return f ? "known: " + std::to_string(*f) : f.error(); }

} // namespace

TEST_CASE("the first reading has no rates, and says why; what needs no second one is there") {
  machine m;
  rates meter;
  const auto f = meter.of(m.read());
  for (const auto* const each : {&f.cpu_percent, &f.received, &f.sent, &f.disk_read, &f.disk_written})
    CHECK(reason(*each) == "a rate needs two readings, and this is the first one");
  CHECK(f.memory_used == 1000.0);
  CHECK(f.disk_used == 400.0);
  CHECK(f.disk_total == 1000.0);
  CHECK(f.load_1 == 0.25);
  CHECK(f.uptime == 1000.0);
}

TEST_CASE("a rate is over the time that really lay between, also when readings were missed") {
  machine m;
  rates meter;
  meter.of(m.read());
  m.pass(90s);
  m.outside.cpu_time = *m.outside.cpu_time + 90'000'000'000; // one of two processors was busy
  m.outside.networks = {{"vnet0", 500 + 9000, 600 + 900}};
  m.outside.disks = {{"vda", 1000 + 90, 2000 + 180}};
  const auto f = meter.of(m.read());
  CHECK(*f.cpu_percent == doctest::Approx(50));
  CHECK(*f.received == doctest::Approx(100));
  CHECK(*f.sent == doctest::Approx(10));
  CHECK(*f.disk_read == doctest::Approx(1));
  CHECK(*f.disk_written == doctest::Approx(2));
}

TEST_CASE("a reading without an answer changes nothing for the next one") {
  machine m;
  rates meter;
  meter.of(m.read());
  m.pass(30s);
  const auto missed = meter.of({m.at, fail(fault::timeout, "libvirt does not answer"), {reach::silent, "frozen", {}}});
  CHECK(reason(missed.cpu_percent) == "libvirt does not answer");
  CHECK(reason(missed.memory_used) == "frozen");
  m.pass(30s);
  m.outside.cpu_time = *m.outside.cpu_time + 60'000'000'000;
  CHECK(*meter.of(m.read()).cpu_percent == doctest::Approx(50));
}

TEST_CASE("after a restart of the machine there is no rate, whatever the counters say") {
  machine m;
  rates meter;
  meter.of(m.read());
  m.pass(30s);
  m.outside.id = 2;
  m.outside.cpu_time = 500'000'000'000'000;
  m.outside.networks = {{"vnet1", 1, 1}};
  m.inside.boot_id = "two";
  auto f = meter.of(m.read());
  CHECK(reason(f.cpu_percent).find("since the machine was started") != std::string::npos);
  CHECK(reason(f.received).find("since the machine was started") != std::string::npos);
  m.pass(10s);
  m.outside.cpu_time = *m.outside.cpu_time + 5'000'000'000;
  CHECK(*meter.of(m.read()).cpu_percent == doctest::Approx(25));
}

TEST_CASE("a counter that falls gives no rate, and no negative one") {
  machine m;
  rates meter;
  meter.of(m.read());
  m.pass(10s);
  m.outside.cpu_time = 5;
  m.outside.networks = {{"vnet0", 0, 700}};
  const auto f = meter.of(m.read());
  CHECK(reason(f.cpu_percent).starts_with("a counter was reset since the reading before"));
  CHECK(reason(f.received).starts_with("a counter was reset since the reading before"));
  CHECK(*f.sent == doctest::Approx(10));
}

TEST_CASE("a disk or interface that comes makes no peak") {
  machine m;
  rates meter;
  meter.of(m.read());
  m.pass(10s);
  m.outside.networks = {{"vnet0", 600, 600}, {"vnet7", 1'000'000'000, 5}};
  CHECK(*meter.of(m.read()).received == doctest::Approx(10));
}

TEST_CASE("without libvirt the guest's own counters serve") {
  machine m;
  rates meter;
  m.inside.cpu_busy = 100;
  m.inside.cpu_total = 1000;
  m.inside.networks = {{"eth0", 10, 10}};
  meter.of(m.read_from_inside());
  m.pass(10s);
  m.inside.cpu_busy = 125;
  m.inside.cpu_total = 1100;
  m.inside.networks = {{"eth0", 110, 20}};
  const auto f = meter.of(m.read_from_inside());
  CHECK(*f.cpu_percent == doctest::Approx(25));
  CHECK(*f.received == doctest::Approx(10));
  CHECK(reason(f.disk_read) == "libvirtd is away");
}

TEST_CASE("without SSH the balloon serves for memory, and the rest says why it is unknown") {
  machine m;
  rates meter;
  auto f = meter.of(m.read_from_outside(reach::refused, "nobody listens on port 22"));
  CHECK(reason(f.memory_used).find("memory balloon") != std::string::npos);
  CHECK(reason(f.disk_used) == "nobody listens on port 22");
  CHECK(reason(f.uptime) == "nobody listens on port 22");
  m.outside.memory_available = 1000;
  m.outside.memory_usable = 400;
  f = meter.of(m.read_from_outside(reach::refused));
  CHECK(f.memory_used == 600.0);
  CHECK(f.memory_total == 1000.0);
  m.outside.memory_usable = 1200; // while the balloon moves
  CHECK_FALSE(meter.of(m.read_from_outside(reach::refused)).memory_used);
}

TEST_CASE("what is inside a machine that is off is unknown because it is off") {
  machine m;
  rates meter;
  m.outside.state = domain_state::shut_off;
  CHECK(reason(meter.of(m.read_from_outside(reach::unknown)).load_1) == "the machine is shut off");
}
