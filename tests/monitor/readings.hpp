#pragma once
#include "monitor/instance.hpp"
#include "monitor/reading.hpp"

#include <chrono>

/// Readings of one machine, a healthy one at first; a test changes what it is about.
namespace agentmon::test {

using namespace std::chrono_literals;

struct machine {
  monitor::instance about{.name = "zap",
                          .libvirt = monitor::libvirt_place{"test:///default", "zap"},
                          .ssh = monitor::ssh_place{"127.0.0.1", 22, "claw", "/key", "/known_hosts"},
                          .gateway = {},
                          .poll_interval = {},
                          .labels = {{"owner", "ops"}},
                          .thresholds = {}};
  monitor::outside_view outside;
  monitor::inside_view inside;
  timestamp at = *parse_time("2026-03-13T12:00:00Z");

  machine() {
    outside.state = monitor::domain_state::running;
    outside.id = 1;
    outside.cpu_time = 1'000'000'000;
    outside.processors = 2;
    outside.disks = {{"vda", 1000, 2000}};
    outside.networks = {{"vnet0", 500, 600}};
    inside.boot_id = "one";
    inside.uptime_seconds = 1000;
    inside.load_1 = 0.25;
    inside.memory_total = 4000;
    inside.memory_available = 3000;
    inside.disks = {{"/boot", 100, 50}, {"/", 1000, 600}};
    inside.unit = monitor::unit_view{"loaded", "active", "running", "success", 0};
    inside.gateway_processes = 1;
    inside.gateway_listeners = 2;
    inside.gateway_public = false;
  }

  /// So much later.
  void pass(std::chrono::seconds time) {
    at += time;
    outside.taken += time;
    inside.taken += time;
    inside.uptime_seconds = *inside.uptime_seconds + static_cast<double>(time.count());
  }

  monitor::reading read() const { return {at, outside, {monitor::reach::reached, "", inside}}; }
  monitor::reading read_from_outside(monitor::reach how, const char* reason = "why") const {
    return {at, outside, {how, reason, {}}};
  }
  monitor::reading read_from_inside(fault why = fault::unavailable) const {
    return {at, fail(why, "libvirtd is away"), {monitor::reach::reached, "", inside}};
  }
};

} // namespace agentmon::test
