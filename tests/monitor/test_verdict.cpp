#include "monitor/verdict.hpp"
#include "tests/monitor/readings.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace agentmon;
using namespace agentmon::monitor;
using namespace agentmon::test;

namespace {

/// A judge and its machine.
struct court : machine {
  rates meter;
  std::optional<judge> of_zap;

  judgement see(const reading& now) {
    if (!of_zap) of_zap.emplace(about);
    return of_zap->of(now, meter.of(now));
  }
  /// Another healthy reading, or what was changed, half a minute later.
  judgement next() {
    pass(30s);
    return see(read());
  }
};

std::string words(const judgement& done) {
  std::string text{to_string(done.now)};
  for (const auto& issue : done.issues) text += " | " + issue;
  return text;
}

} // namespace

TEST_CASE("a healthy machine is healthy from its first reading on") {
  court c;
  const auto first = c.see(c.read());
  CHECK(words(first) == "healthy");
  CHECK(first.was == verdict::unknown);
  CHECK(c.next().was == verdict::healthy);
}

TEST_CASE("a gateway that was stopped is down at once, and well again after two good readings") {
  court c;
  c.next();
  c.inside.unit = unit_view{"loaded", "failed", "failed", "exit-code", 4};
  c.inside.gateway_listeners = 0;
  c.inside.gateway_processes = 0;
  CHECK(words(c.next())
        == "down | the gateway is stopped; openclaw-gateway.service is failed, result exit-code"
           " | the gateway does not stay up; unit restarted 4 times within 15 min");
  const auto later = c.next();
  CHECK(later.issues.front().starts_with("the gateway is stopped for 30 s; "));
  c.inside.unit = unit_view{"loaded", "active", "running", "success", 4};
  c.inside.gateway_listeners = 1;
  CHECK(c.next().now == verdict::down);
  CHECK(c.next().now == verdict::degraded); // it restarted often
}

TEST_CASE("nobody on the port counts after a minute, with how long and how often the unit restarted") {
  court c;
  c.next();
  c.inside.gateway_listeners = 0;
  CHECK(words(c.next()) == "healthy");
  c.inside.unit->restarts = 2;
  CHECK(words(c.next()) == "healthy");
  CHECK(words(c.next()) == "down | the gateway is not listening on 18789 for 60 s; unit restarted 2 times");
  c.inside.gateway_listeners = 1;
  CHECK(words(c.next())
        == "down | the gateway is not listening on 18789 for 90 s; unit restarted 2 times (the last reading was good)");
  CHECK(words(c.next()) == "healthy");
}

TEST_CASE("what comes and goes does not make the verdict flap") {
  court c;
  c.next();
  std::set<verdict> seen;
  for (int i = 0; i < 20; ++i) {
    c.inside.gateway_listeners = i % 2;
    seen.insert(c.next().now);
  }
  CHECK(seen == std::set{verdict::healthy});
  c.inside.gateway_listeners = 0;
  for (int i = 0; i < 3; ++i) c.next();
  seen.clear();
  for (int i = 0; i < 20; ++i) {
    c.inside.gateway_listeners = i % 2;
    seen.insert(c.next().now);
  }
  CHECK(seen == std::set{verdict::down});
}

TEST_CASE("a machine that is off is down at once, and nothing is said of its inside") {
  court c;
  c.inside.disks = {{"/", 100, 2}};
  CHECK(words(c.next()) == "degraded | disk / is 98 % full");
  c.outside.state = domain_state::paused;
  c.outside.reason = "user";
  c.pass(30s);
  CHECK(words(c.see(c.read_from_outside(reach::unknown))) == "down | the machine is paused (user)");
}

TEST_CASE("each way of not getting in is told apart") {
  struct example {
    reach how;
    verdict at_once, later;
  };
  for (const auto& [how, at_once, later] :
       std::initializer_list<example>{{reach::refused, verdict::healthy, verdict::degraded},
                                      {reach::unreachable, verdict::healthy, verdict::degraded},
                                      {reach::silent, verdict::healthy, verdict::degraded},
                                      {reach::host_key_changed, verdict::degraded, verdict::degraded},
                                      {reach::host_key_unknown, verdict::unknown, verdict::unknown},
                                      {reach::key_refused, verdict::unknown, verdict::unknown},
                                      {reach::key_unreadable, verdict::unknown, verdict::unknown},
                                      {reach::not_ssh, verdict::unknown, verdict::unknown},
                                      {reach::probe_failed, verdict::unknown, verdict::unknown}}) {
    const auto told = to_string(how); // clang 14 takes no part of a structured binding into a lambda
    CAPTURE(told);
    court c;
    c.next();
    c.pass(30s);
    const auto now = c.read_from_outside(how, "why");
    CHECK(state_of(now) == to_string(how));
    CHECK(c.see(now).now == at_once);
    c.pass(60s);
    const auto done = c.see(c.read_from_outside(how, "why"));
    CHECK(done.now == later);
    CHECK(words(done).find("SSH: " + std::string{to_string(how)} + " for 60 s; why") != std::string::npos);
  }
}

TEST_CASE("what was wrong inside still counts while nobody gets in") {
  court c;
  c.inside.gateway_public = true;
  CHECK(c.next().now == verdict::degraded);
  c.pass(30s);
  CHECK(words(c.see(c.read_from_outside(reach::silent))).find("is open to other machines for 30 s")
        != std::string::npos);
}

TEST_CASE("who answers nothing at all is down; who cannot be asked is unknown") {
  court c;
  c.next();
  const auto nothing = [&] {
    return reading{c.at, fail(fault::unavailable, "no libvirtd"), {reach::unreachable, "no route", {}}};
  };
  c.pass(30s);
  CHECK(c.see(nothing()).now == verdict::unknown);
  c.pass(60s);
  CHECK(words(c.see(nothing()))
        == "down | SSH: unreachable for 60 s; no route | the hypervisor does not answer for 60 s; no libvirtd");
}

TEST_CASE("thresholds and how long they must hold can differ for one machine") {
  court c;
  c.about.thresholds = {{"disk_percent", 50}, {"gateway_not_listening_seconds", 0}};
  c.inside.disks = {{"/", 100, 49}};
  c.inside.gateway_listeners = 0;
  CHECK(words(c.see(c.read())) == "down | the gateway is not listening on 18789 | disk / is 51 % full");
  CHECK(is_threshold("cpu_percent"));
  CHECK(is_threshold("off_seconds"));
  CHECK_FALSE(is_threshold("off")); // it has none
  CHECK_FALSE(is_threshold("disk_percents"));
}

TEST_CASE("reboots and restarts of the unit are counted for a while only") {
  court c;
  c.next();
  for (int i = 0; i < 3; ++i) {
    c.inside.boot_id += "+";
    c.inside.uptime_seconds = 1;
    c.next();
  }
  CHECK(words(c.next()) == "degraded | the machine was booted 3 times within an hour for 30 s");
  for (int i = 0; i < 120; ++i) c.next();
  CHECK(words(c.next()) == "healthy");
}

TEST_CASE("a processor that is busy counts after ten minutes") {
  court c;
  int healthy = 0;
  for (int i = 0; i < 40; ++i) {
    c.outside.cpu_time = *c.outside.cpu_time + 60'000'000'000;
    if (c.next().now == verdict::healthy) ++healthy;
  }
  // The first reading has no rate; what begins with the second one counts when it is 600 s old.
  CHECK(healthy >= 20);
  CHECK(healthy <= 22);
}

TEST_CASE("a monitor that was started again neither forgets nor invents") {
  court c;
  c.next();
  c.inside.gateway_public = true;
  c.inside.gateway_listeners = 0;
  c.next();
  const auto text = to_json({{"zap", c.of_zap->remembered()}});
  auto restored = judged_from(text);
  REQUIRE(restored.count("zap") == 1);

  c.pass(30s);
  judge again{c.about, restored["zap"]};
  const auto done = again.of(c.read(), rates{}.of(c.read()));
  CHECK(done.was == verdict::degraded);
  CHECK(done.now == verdict::degraded); // not down: the hold of the listener begins anew
  CHECK(words(done).find("is open to other machines for 30 s") != std::string::npos);
  CHECK(judged_from("{").empty());
  CHECK(judged_from("[1]").empty());
}

TEST_CASE("a state has begun when it was first seen, or with the boot; nobody claims to know what nobody saw") {
  court c;
  c.outside.state = domain_state::shut_off;
  CHECK_FALSE(c.next().since); // it may have been off for a year
  c.outside.state = domain_state::paused;
  c.next();
  const auto paused = c.at;
  CHECK(c.next().since == paused);
  c.outside.state = domain_state::running;
  c.next();
  const auto resumed = c.at; // the boot was long before
  CHECK(c.next().since == resumed);

  c.pass(30s);
  c.inside.boot_id = "two";
  c.inside.uptime_seconds = 7;
  CHECK(c.see(c.read()).since == c.at - 7s);

  const auto booted = c.at - 7s;
  judge again{c.about, judged_from(to_json({{"zap", c.of_zap->remembered()}}))["zap"]};
  c.pass(30s);
  CHECK(again.of(c.read(), rates{}.of(c.read())).since == booted);
  c.inside.boot_id = "three"; // while no monitor ran
  c.inside.uptime_seconds = 20;
  judge third{c.about, again.remembered()};
  CHECK(third.of(c.read(), rates{}.of(c.read())).since == c.at - 20s);
}

TEST_CASE("of a machine that runs when it is first seen, the boot tells since when") {
  court c;
  c.see(c.read());
  const auto booted = c.at - 1000s;
  CHECK(c.next().since == booted);
}

TEST_CASE("a first reading with something amiss is not called healthy before it is known") {
  court c;
  c.inside.gateway_listeners = 0;
  CHECK(c.see(c.read()).now == verdict::unknown);
}

TEST_CASE("the table is in order: names are words, and each rule says what it means") {
  std::set<std::string_view> names;
  for (const auto& r : rules()) {
    CHECK(names.insert(r.name).second);
    CHECK_FALSE(r.meaning.empty());
    CHECK(r.severity != verdict::healthy);
  }
}
