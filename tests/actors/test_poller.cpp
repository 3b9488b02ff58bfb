#include "actors/poller.hpp"
#include "protocol/limits.hpp"
#include "tests/actors/bench.hpp"

#include <string>

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

/// What the poller sent; the test answers it.
struct received {
  std::vector<admission> batches;
  std::vector<std::string> remembered;
};

gate_actor::behavior_type fake_gate(gate_actor::pointer, std::shared_ptr<received> got) {
  return {
      [got](admit_atom, admissions& all) {
        for (auto& each : all) got->batches.push_back(std::move(each));
      },
      [](synced_atom, const std::vector<uint64_t>&, uint8_t, const std::string&) {},
  };
}

fleet_actor::behavior_type fake_fleet(fleet_actor::pointer, std::shared_ptr<received> got) {
  return {
      [got](judged_atom, const std::string&, const monitor::judged& what) {
        got->remembered.push_back(monitor::standing_of(what));
      },
      [](poll_atom, const std::string&) { return true; },
      [](caf::get_atom) { return uint64_t{1}; },
  };
}

/// A poller whose machine has neither libvirt nor SSH, so that each poll is over at once.
struct fixture : bench {
  std::shared_ptr<received> got = std::make_shared<received>();
  gate_actor gate = keep(system.spawn(fake_gate, got));
  fleet_actor fleet = keep(system.spawn(fake_fleet, got));
  poller_actor poller;

  void start() {
    node.config.poll_interval = 10s;
    poller_task task;
    task.about.name = "zap";
    task.fleet = fleet;
    task.gate = gate;
    poller = keep(spawn_poller(system, node, task));
    run();
  }
  void settle(result<uint64_t> outcome = uint64_t{1}) {
    answers none;
    auto batch = std::move(got->batches.front());
    got->batches.erase(got->batches.begin());
    batch.from.settle(outcome, none);
    run();
  }
};

} // namespace

TEST_SUITE_BEGIN("poller");

TEST_CASE_FIXTURE(fixture, "the first snapshot comes within an interval, and one an interval from then on") {
  start();
  advance(10s);
  REQUIRE(got->batches.size() == 1);
  CHECK(got->batches[0].parts.size() == 1);
  CHECK(got->batches[0].parts[0].events == 1);
  CHECK(got->batches[0].parts[0].json.find("openclaw.snapshot") != std::string::npos);
  for (int i = 0; i < 5; ++i) {
    settle();
    CHECK(got->batches.empty());
    advance(10s);
    CHECK(got->batches.size() == 1);
  }
  CHECK(got->remembered.size() == 1); // it is unknown, and stays so
}

TEST_CASE_FIXTURE(fixture, "what the gate refuses is sent again, with what came meanwhile") {
  start();
  advance(10s);
  settle(fail(fault::overload, "full"));
  CHECK(got->batches.empty());
  advance(10s); // the retry and the next poll
  REQUIRE(got->batches.size() == 1);
  settle();
  advance(10s);
  uint64_t events = 0;
  while (!got->batches.empty()) {
    for (const auto& part : got->batches.front().parts) events += part.events;
    settle();
  }
  CHECK(events >= 1);
  CHECK(ask<uint64_t>(poller, caf::get_atom_v).value() == 0);
}

TEST_CASE_FIXTURE(fixture, "there is one batch with the gate at a time, and what waits is bounded") {
  start();
  for (int i = 0; i < 40; ++i) advance(10s);
  REQUIRE(got->batches.size() == 1);
  CHECK(ask<uint64_t>(poller, caf::get_atom_v).value() == limits::snapshots_waiting);
  CHECK(node.counts.snapshots_dropped.Value() == 40 - limits::snapshots_waiting);
  settle(); // of an event that has left meanwhile
  REQUIRE(got->batches.size() == 1);
  CHECK(got->batches[0].parts[0].events == limits::snapshots_waiting);
  settle();
  CHECK(ask<uint64_t>(poller, caf::get_atom_v).value() == 0);
}
