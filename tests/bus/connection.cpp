#include "bus/connection.hpp"

#include "bus/tap.hpp"
#include "tests/bus/nats_fixture.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

using namespace agentmon;
using namespace agentmon::bus;
using namespace agentmon::bus::test;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

struct watched_connection {
  explicit watched_connection(const bus_settings& settings)
      : bus{connection::open(settings, {.on_lost = [this](std::string reason) { lost.add(std::move(reason)); }})} {}
  collected<std::string> lost;
  result<connection> bus;
};

} // namespace

TEST_CASE("a connection tells the server's largest message") {
  const nats_server server;
  const watched_connection watched{server.settings()};
  REQUIRE(watched.bus);
  CHECK(watched.bus->max_payload() == limits::MiB);
  CHECK(watched.bus->where() == server.url());
}

TEST_CASE("nobody at the address is told in words") {
  nats_server server;
  server.stop();
  const watched_connection watched{server.settings()};
  REQUIRE_FALSE(watched.bus);
  CHECK(watched.bus.error().code == fault::unavailable);
  CHECK(watched.bus.error().message
        == "cannot connect to NATS at " + server.url()
               + ": No server available for connection; start nats-server there or correct NATS_URL");
}

TEST_CASE("a wrong password is told in words, without the password") {
  const nats_server server{{.arguments = {"--user", "agent", "--pass", "right"}}};
  auto settings = server.settings();
  const auto address = settings.url.substr(std::string{"nats://"}.size());
  settings.url = "nats://agent:wr0ng@" + address;
  const watched_connection refused{settings};
  REQUIRE_FALSE(refused.bus);
  CHECK(refused.bus.error().code == fault::invalid);
  CHECK(refused.bus.error().message.find("Authorization Violation") != std::string::npos);
  CHECK(refused.bus.error().message.find("NATS_URL") != std::string::npos);
  CHECK(refused.bus.error().message.find("wr0ng") == std::string::npos);

  settings.url = "nats://agent:right@" + address;
  CHECK(watched_connection{settings}.bus);
}

TEST_CASE("the second server of a list is tried when the first is away") {
  nats_server away;
  away.stop();
  const nats_server server;
  auto settings = server.settings();
  settings.url = away.url() + "," + server.url();
  CHECK(watched_connection{settings}.bus);
}

TEST_CASE("a killed server is noticed at once, and told once") {
  nats_server server;
  watched_connection watched{server.settings()};
  REQUIRE(watched.bus);
  const auto begin = steady_clock::now();
  server.kill();
  const auto lost = watched.lost.wait_for(1);
  REQUIRE(lost.size() == 1);
  CHECK(steady_clock::now() - begin < std::chrono::seconds{1});
  CHECK(lost[0].find(server.url()) != std::string::npos);
  watched.bus = fail(fault::unavailable, "dropped by the test");
  CHECK(watched.lost.size() == 1);
}

TEST_CASE("a frozen server is noticed within five seconds, also by one that publishes, and never blocks it") {
  nats_server server;
  epoch now{server.settings()};
  const auto begin = steady_clock::now();
  server.freeze();
  // More than the kernel takes off our hands.
  const auto events = incompressible(512 * limits::KiB);
  for (uint64_t i = 0; i < 24; ++i) REQUIRE(now.out.publish(events, "frozen-" + std::to_string(i), i));
  CHECK(steady_clock::now() - begin < std::chrono::seconds{1});
  CHECK(now.lost.wait_for(1).size() == 1);
  CHECK(steady_clock::now() - begin < std::chrono::milliseconds{5500});
  CHECK(now.answers.size() == 0);
  const auto late = now.out.publish("{}", "late", 99);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == fault::unavailable);
}

TEST_CASE("a server that was frozen for a moment goes on where it was") {
  nats_server server;
  epoch now{server.settings()};
  server.freeze();
  const auto events = incompressible(512 * limits::KiB);
  for (uint64_t i = 0; i < 24; ++i) REQUIRE(now.out.publish(events, "frozen-" + std::to_string(i), i));
  // Some is on its way, the rest stuck half-way through a message.
  const auto stuck = [&] { return natsConnection_Buffered(now.bus.nats()); };
  CHECK(eventually([&] { return stuck() < static_cast<int>(24 * events.size()); }));
  CHECK(stuck() > 0);
  server.thaw();
  const auto answers = now.answers.wait_for(24);
  REQUIRE(answers.size() == 24);
  for (const auto& a : answers) CHECK(a.sequence == a.token + 1);
  CHECK(now.lost.size() == 0);
}

TEST_CASE("a connection that its owner destroys is not lost, and what was handed over still leaves") {
  nats_server server;
  epoch reader{server.settings()};
  {
    epoch writer{server.settings()};
    const auto events = incompressible(512 * limits::KiB);
    for (uint64_t i = 0; i < 24; ++i) REQUIRE(writer.out.publish(events, std::to_string(i), i));
  }
  CHECK(ensure_stream(reader.bus)->last_sequence == 24);
  collected<std::string> lost;
  {
    const auto bus =
        connection::open(server.settings(), {.on_lost = [&](std::string why) { lost.add(std::move(why)); }});
    REQUIRE(bus);
  }
  CHECK(lost.size() == 0);
}

TEST_CASE("destruction waits for a callback that is running") {
  nats_server server;
  std::promise<void> entered;
  std::promise<void> leave;
  const auto stay = [&] {
    entered.set_value();
    leave.get_future().wait();
  };
  const auto waits = [&](std::function<void()> destroy) {
    entered.get_future().wait();
    const auto destroyed = std::async(std::launch::async, std::move(destroy));
    CHECK(destroyed.wait_for(50ms) == std::future_status::timeout);
    leave.set_value();
    CHECK(destroyed.wait_for(patience) == std::future_status::ready);
  };
  SUBCASE("of a subscription") {
    epoch now{server.settings()};
    std::optional<tap> feed = std::move(*tap::open(now.bus, [&](const tapped&) { stay(); }));
    REQUIRE(now.out.publish("{}", "id", 1));
    waits([&] { feed.reset(); });
  }
  SUBCASE("of the connection") {
    std::optional<connection> bus =
        std::move(*connection::open(server.settings(), {.on_lost = [&](const std::string&) { stay(); }}));
    server.kill();
    waits([&] { bus.reset(); });
  }
}

TEST_CASE("no callback comes after destruction") {
  nats_server server;
  epoch writer{server.settings()};
  for (int round = 0; round < 50; ++round) {
    // What the callbacks touch dies right after the objects: a late one would be seen by the address sanitizer, and
    // by the check.
    auto alive = std::make_unique<std::atomic<bool>>(true);
    std::atomic<bool> late{false};
    const auto touch = [&late, state = alive.get()] { late = late || !*state; };
    {
      auto bus = connection::open(server.settings(), {.on_lost = [&](const std::string&) { touch(); }});
      REQUIRE(bus);
      auto feed = tap::open(*bus, [&](const tapped&) { touch(); });
      REQUIRE(feed);
      auto out = publisher::open(*bus, {.on_ack = [&](uint64_t, uint64_t, bool) { touch(); },
                                        .on_refused = [&](uint64_t, fault, const std::string&) { touch(); }});
      REQUIRE(out);
      for (uint64_t i = 0; i < 20; ++i)
        REQUIRE(out->publish("{}", std::to_string(round * 100 + static_cast<int>(i)), i));
    }
    *alive = false;
    alive.reset();
    CHECK_FALSE(late);
  }
}
