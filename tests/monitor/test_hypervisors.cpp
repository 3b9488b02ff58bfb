#include "asking.hpp"
#include "protocol/limits.hpp"

#include <set>
#include <sys/wait.h>
#include <unistd.h>

// Through libvirt's test driver, which lives in the helper process itself: no server is needed.
namespace agentmon::monitor {
namespace {

using namespace testing;

constexpr auto node = R"(<node xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
  <cpu><mhz>2600</mhz><model>x86_64</model><active>4</active><nodes>1</nodes><sockets>1</sockets><cores>4</cores><threads>1</threads></cpu>
  <memory>16777216</memory>
  <domain type='test'><name>zap</name><memory unit='MiB'>2048</memory><vcpu>2</vcpu><os><type>hvm</type></os>
    <devices>
      <disk type='file' device='disk'><source file='/none.img'/><target dev='vda' bus='virtio'/></disk>
      <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/><target dev='vnet1'/></interface>
      <memballoon model='virtio'/>
    </devices>
    <test:runstate>1</test:runstate></domain>
  <domain type='test'><name>held</name><memory unit='MiB'>1024</memory><vcpu>1</vcpu><os><type>hvm</type></os>
    <test:runstate>3</test:runstate></domain>
  <domain type='test'><name>off</name><memory unit='MiB'>1024</memory><vcpu>1</vcpu><os><type>hvm</type></os>
    <test:runstate>5</test:runstate></domain>
  <domain type='test'><name>broken</name><memory unit='MiB'>1024</memory><vcpu>1</vcpu><os><type>hvm</type></os>
    <test:runstate>6</test:runstate></domain>
  <network><name>default</name><bridge name='virbr9'/><ip address='192.168.99.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.99.2' end='192.168.99.254'/></dhcp></ip></network>
</node>
)";

struct machines {
  temporary_folder folder;
  std::string uri;
  hypervisors all;

  machines() : uri{"test://" + (folder.path / "node.xml").string()} { std::ofstream{folder.path / "node.xml"} << node; }

  pid_t helper() {
    const auto found = helpers_of(::getpid());
    REQUIRE(found.size() == 1);
    return found.front();
  }
};

TEST_CASE("each state is told apart, and a domain that the hypervisor does not know is one, too") {
  machines it;
  CHECK(must(read(it.all, it.uri, "zap")).state == domain_state::running);
  CHECK(must(read(it.all, it.uri, "held")).state == domain_state::paused);
  CHECK(must(read(it.all, it.uri, "off")).state == domain_state::shut_off);
  CHECK(must(read(it.all, it.uri, "broken")).state == domain_state::crashed);
  const auto missing = must(read(it.all, it.uri, "gone"));
  CHECK(missing.state == domain_state::missing);
  CHECK_FALSE(missing.id);
  CHECK_FALSE(missing.cpu_time);
}

TEST_CASE("counters are raw; a stopped domain has none, and what is not there is unknown") {
  machines it;
  const auto first = must(read(it.all, it.uri, "zap"));
  CHECK(first.id);
  CHECK(first.processors == 2);
  CHECK(first.memory_total == 2 * limits::GiB);
  CHECK(first.memory_resident);
  CHECK(first.memory_usable);
  REQUIRE(first.disks.size() == 1);
  CHECK(first.disks[0].name == "vda");
  REQUIRE(first.networks.size() == 1);
  CHECK(first.networks[0].name == "testnet0");
  CHECK(first.image_bytes);
  CHECK(first.image_allocated);

  // The test driver's processors together work one second a second: of two, a half.
  REQUIRE(first.cpu_time);
  REQUIRE(eventually([&] { return std::chrono::steady_clock::now() > first.taken + 300ms; }));
  const auto second = must(read(it.all, it.uri, "zap"));
  const auto passed = std::chrono::nanoseconds{second.taken - first.taken};
  const auto worked = static_cast<double>(*second.cpu_time - *first.cpu_time);
  CHECK(worked / (static_cast<double>(passed.count()) * *second.processors) == doctest::Approx(0.5).epsilon(0.05));

  const auto off = must(read(it.all, it.uri, "off"));
  CHECK_FALSE(off.id);
  CHECK_FALSE(off.cpu_time);
  CHECK(off.disks.empty());
  CHECK(off.memory_total == limits::GiB);
}

TEST_CASE("a URI that libvirt does not take is said to be wrong, and one without a server to be away") {
  hypervisors all;
  for (const auto* const uri : {"qemu", "qemu+pigeon:///system", "::::"}) {
    const auto wrong = read(all, uri, "zap");
    REQUIRE_FALSE(wrong);
    CHECK_MESSAGE(wrong.error().code == fault::invalid, wrong.error().message);
    CHECK(wrong.error().message.find(uri) != std::string::npos);
  }
  const auto away = read(all, "qemu+unix:///session?socket=/no/such/socket", "zap");
  REQUIRE_FALSE(away);
  CHECK(away.error().code == fault::unavailable);
  CHECK(away.error().message.find("does libvirtd run there?") != std::string::npos);
}

TEST_CASE("who asks at about the same time shares a call") {
  machines it;
  must(read(it.all, it.uri, "zap"));
  std::vector<std::future<outside_reading>> asked;
  for (int i = 0; i < 1'000; ++i) asked.push_back(ask(it.all, it.uri, i % 2 == 0 ? "zap" : "held"));
  std::set<std::chrono::steady_clock::time_point> calls;
  for (auto& each : asked) {
    REQUIRE(each.wait_for(patience) == std::future_status::ready);
    calls.insert(must(each.get()).taken);
  }
  CHECK(calls.size() < 100);
  CHECK(helpers_of(::getpid()).size() == 1);
}

TEST_CASE("a helper that was killed is started again, and the reading comes all the same") {
  machines it;
  must(read(it.all, it.uri, "zap"));
  const auto killed = it.helper();
  ::kill(killed, SIGKILL);
  CHECK(must(read(it.all, it.uri, "zap")).state == domain_state::running);
  CHECK(it.helper() != killed);
}

TEST_CASE("a helper that stands still is killed and the next one asked, in the promised time") {
  machines it;
  must(read(it.all, it.uri, "zap"));
  const auto frozen = it.helper();
  ::kill(frozen, SIGSTOP);
  const auto began = std::chrono::steady_clock::now();
  CHECK(must(read(it.all, it.uri, "zap")).state == domain_state::running);
  CHECK(std::chrono::steady_clock::now() - began >= limits::hypervisor_timeout);
  CHECK(it.helper() != frozen);
  CHECK_FALSE(std::filesystem::exists("/proc/" + std::to_string(frozen)));
}

TEST_CASE("one hypervisor that stands still holds up no other") {
  machines frozen;
  must(read(frozen.all, frozen.uri, "zap"));
  ::kill(frozen.helper(), SIGSTOP);
  auto slow = ask(frozen.all, frozen.uri, "zap");
  CHECK(must(read(frozen.all, "test:///default", "test")).state == domain_state::running);
  CHECK(slow.wait_for(0s) == std::future_status::timeout);
  REQUIRE(slow.wait_for(patience) == std::future_status::ready);
  CHECK(slow.get());
}

TEST_CASE("who still waits at the end is told so, and the helpers end") {
  std::future<outside_reading> waits;
  {
    machines it;
    must(read(it.all, it.uri, "zap"));
    ::kill(it.helper(), SIGSTOP);
    waits = ask(it.all, it.uri, "zap");
  }
  REQUIRE(waits.wait_for(0s) == std::future_status::ready);
  const auto told = waits.get();
  REQUIRE_FALSE(told);
  CHECK(told.error().code == fault::stopping);
  CHECK(helpers_of(::getpid()).empty());
}

TEST_CASE("a helper ends when its parent is killed") {
  const pid_t parent = ::fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    hypervisors all;
    ask(all, "test:///default", "test").wait();
    for (;;) ::pause();
  }
  std::vector<pid_t> helpers;
  CHECK(eventually([&] { return !(helpers = helpers_of(parent)).empty(); }));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  REQUIRE(helpers.size() == 1);
  CHECK(eventually([&] { return !std::filesystem::exists("/proc/" + std::to_string(helpers.front())); }));
}

} // namespace
} // namespace agentmon::monitor
