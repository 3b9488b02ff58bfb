#include "monitor/helper_messages.hpp"
#include "monitor/libvirt_state.hpp"

#include <doctest/doctest.h>

#include <libvirt/libvirt.h>

namespace agentmon::monitor {
namespace {

using views = std::vector<outside_view>;

outside_view full_view() {
  outside_view view;
  view.taken = std::chrono::steady_clock::now();
  view.state = domain_state::paused;
  view.reason = "user";
  view.id = 7;
  view.cpu_time = 12'345'678'901;
  view.disks = {{"vda", 1, 2}, {"vdb", 3, 4}};
  view.image_bytes = 5;
  return view;
}

TEST_CASE("a view comes out of its bytes as it went in, and what is unknown stays so") {
  const auto before = full_view();
  const auto after = unpack_answer<views>(pack_answer(result<views>{{outside_view{}, before}}));
  REQUIRE(after);
  REQUIRE(after->size() == 2);
  const auto& view = after->back();
  CHECK(view.taken == before.taken);
  CHECK(view.state == domain_state::paused);
  CHECK(view.reason == "user");
  CHECK(view.id == 7);
  CHECK(view.cpu_time == before.cpu_time);
  CHECK_FALSE(view.processors);
  REQUIRE(view.disks.size() == 2);
  CHECK(view.disks[1].name == "vdb");
  CHECK(view.disks[1].out == 4);
  CHECK(view.networks.empty());
  CHECK(view.image_bytes == 5);
  CHECK_FALSE(after->front().id);
}

TEST_CASE("a failure keeps its kind and its words") {
  const auto told = unpack_answer<views>(pack_answer(result<views>{fail(fault::unavailable, "is away")}));
  REQUIRE_FALSE(told);
  CHECK(told.error().code == fault::unavailable);
  CHECK(told.error().message == "is away");
}

TEST_CASE("bytes that were cut anywhere are corrupt, never half a view") {
  const auto whole = pack_answer(result<views>{{full_view(), full_view()}});
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto told = unpack_answer<views>(std::string_view{whole}.substr(0, size));
    REQUIRE_FALSE(told);
    REQUIRE(told.error().code == fault::corrupt);
  }
}

TEST_CASE("libvirt's numbers become words; who ended by crashing is crashed") {
  CHECK(to_state(VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED) == domain_state::running);
  CHECK(reason_word(VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY_FAILED) == "post-copy failed");
  CHECK(to_state(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED) == domain_state::shut_off);
  CHECK(to_state(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED) == domain_state::crashed);
  CHECK(reason_word(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DAEMON) == "daemon");
  CHECK(reason_word(VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED) == "post-copy failed");
  CHECK(to_state(VIR_DOMAIN_PMSUSPENDED, 0) == domain_state::suspended);
  // Of a newer libvirt.
  CHECK(to_state(99, 0) == domain_state::unknown);
  CHECK(reason_word(VIR_DOMAIN_PAUSED, 99).empty());
  CHECK(reason_word(99, 1).empty());
}

} // namespace
} // namespace agentmon::monitor
