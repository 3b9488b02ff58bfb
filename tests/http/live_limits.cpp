#include "client.hpp"
#include "site.hpp"

#include <doctest/doctest.h>

#include <list>
#include <string>

namespace agentmon {
namespace {

using namespace std::chrono_literals;

TEST_CASE("who sends a head byte by byte is cut off, others are served meanwhile") {
  auto settings = quick();
  settings.head_timeout = 200ms;
  site s{settings};
  client slow{s.port()};
  client other{s.port()};
  size_t sent = 0;
  const auto head = get("/name/slow", "X-A: " + std::string(10'000, 'a') + "\r\n");
  while (sent < head.size() && s.stats().timed_out == 0) {
    sent += slow.send_some(std::string_view{head}.substr(sent, 1));
    CHECK(other.ask(get("/name/other")).status == 200);
  }
  CHECK(slow.read_answer().status == 408);
  CHECK(slow.wait_for_end());
  CHECK(s.stats().timed_out == 1);
}

TEST_CASE("a body that stops coming is cut off") {
  auto settings = quick();
  settings.body_timeout = 100ms;
  site s{settings};
  client c{s.port()};
  CHECK(c.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe").status == 408);
  CHECK(c.wait_for_end());
}

TEST_CASE("an idle connection is closed without a word") {
  auto settings = quick();
  settings.idle_timeout = 100ms;
  site s{settings};
  client fresh{s.port()};
  client used{s.port()};
  CHECK(used.ask(get("/name/a")).status == 200);
  CHECK(used.read_answer().status == 0);
  CHECK(fresh.read_answer().status == 0);
  CHECK(s.stats().timed_out == 2);
}

TEST_CASE("a request that nobody answers gets 504, and its late answer goes to nobody") {
  auto settings = quick();
  settings.answer_timeout = 100ms;
  site s{settings};
  client c{s.port()};
  CHECK(c.ask(get("/hold")).status == 504);
  CHECK(c.wait_for_end());
  client other{s.port()};
  CHECK(other.ask(get("/release")).status == 200);
  CHECK(other.ask(get("/name/a")).body == "a");
}

TEST_CASE("a thousand idle connections cost the others nothing") {
  site s;
  std::list<client> idle;
  for (int i = 0; i < 1000; ++i) idle.emplace_back(s.port());
  REQUIRE(eventually([&] { return s.stats().connections == 1000; }));
  client c{s.port()};
  for (int i = 0; i < 100; ++i) CHECK(c.ask(get("/name/a")).body == "a");
  CHECK(idle.back().ask(get("/name/b")).body == "b");
  idle.clear();
  CHECK(eventually([&] { return s.stats().connections == 1; }));
}

TEST_CASE("connections beyond the limit are refused, and taken again when one is free") {
  auto settings = quick();
  settings.connections = 2;
  site s{settings};
  {
    client first{s.port()};
    client second{s.port()};
    CHECK(first.ask(get("/name/a")).status == 200);
    CHECK(second.ask(get("/name/a")).status == 200);
    client third{s.port()};
    const auto a = third.read_answer();
    CHECK(a.status == 503);
    CHECK(a.headers.count("retry-after") == 1);
    CHECK(third.wait_for_end());
  }
  REQUIRE(eventually([&] { return s.stats().connections == 0; }));
  client fourth{s.port()};
  CHECK(fourth.ask(get("/name/a")).status == 200);
}

TEST_CASE("a reader that takes nothing is closed") {
  auto settings = quick();
  settings.write_timeout = 200ms;
  site s{settings};
  auto c = client::with_small_buffer(s.port());
  REQUIRE(c.send(get("/large?n=8000000")));
  CHECK(eventually([&] { return s.stats().slow_closed == 1; }));
  CHECK(eventually([&] { return s.stats().connections == 0; }));
  CHECK(s.stats().unsent_bytes == 0);
  CHECK(c.read_answer().body.empty()); // cut off in the middle: nothing goes on behind our back
}

TEST_CASE("a reader that lets too much pile up is closed at once") {
  auto settings = quick();
  settings.response_backlog = 1'000'000;
  site s{settings};
  auto c = client::with_small_buffer(s.port());
  REQUIRE(c.send(get("/large?n=12000000")));
  CHECK(eventually([&] { return s.stats().slow_closed == 1; }));
  CHECK(s.stats().connections == 0);
}

TEST_CASE("a slow reader that goes on reading gets all of it") {
  site s{quick()};
  auto c = client::with_small_buffer(s.port());
  REQUIRE(c.send(get("/large?n=3000000", "Connection: close\r\n")));
  CHECK(c.read_answer().body.size() == 3'000'000);
  CHECK(c.wait_for_end());
}

TEST_CASE("who leaves with an answer half sent leaves nothing behind") {
  site s{quick()};
  {
    auto c = client::with_small_buffer(s.port());
    REQUIRE(c.send(get("/large?n=8000000")));
    REQUIRE(eventually([&] { return s.stats().unsent_bytes > 0; }));
  }
  CHECK(eventually([&] { return s.stats().connections == 0; }));
  CHECK(s.stats().unsent_bytes == 0);
}

TEST_CASE("pipelined requests wait in the sender while one is being answered") {
  site s{quick()};
  client c{s.port()};
  REQUIRE(c.send(get("/hold")));
  REQUIRE(eventually([&] { return s.stats().requests == 1; }));
  const std::string flood(1'000'000, 'x');
  for (int i = 0; i < 50; ++i) {
    c.send_some(flood);
    CHECK(s.stats().buffered_bytes < 200'000);
  }
  client other{s.port()};
  CHECK(other.ask(get("/release")).status == 200);
  CHECK(c.read_answer().body == "released");
  CHECK(c.read_answer().status == 431);
}

TEST_CASE("all that has been received and not handed on is bounded together") {
  auto settings = quick();
  settings.buffered_bytes = 100'000;
  site s{settings};
  client first{s.port()};
  client second{s.port()};
  REQUIRE(first.send(post("/echo", std::string(200'000, 'x')).substr(0, 60'000)));
  REQUIRE(second.send(post("/echo", std::string(200'000, 'x')).substr(0, 60'000)));
  CHECK(eventually([&] { return s.stats().refused == 1; }));
  client third{s.port()};
  CHECK(third.ask(get("/name/a")).status == 200);
}

TEST_CASE("what workers have in hand is bounded: more is refused at once, and taken again when there is room") {
  auto settings = quick();
  settings.held_bytes = 3 * limits::held_request_bytes;
  site s{settings};
  client first{s.port()};
  client second{s.port()};
  REQUIRE(first.send(get("/hold")));
  REQUIRE(second.send(get("/hold")));
  REQUIRE(eventually([&] { return s.stats().requests == 2; }));
  client c{s.port()};
  const auto small = c.ask(post("/echo", std::string(limits::held_request_bytes, 'x')));
  CHECK(small.status == 503);
  CHECK(small.headers.count("retry-after") == 1);
  CHECK(c.ask(get("/name/health")).status == 200); // on the same connection

  const auto middling = post("/echo", std::string(100'000, 'x'));
  for (const size_t sent : {200UL, 70'000UL}) { // answered by its head, and the connection goes on behind the body
    REQUIRE(c.send(middling.substr(0, sent)));
    const auto early = c.read_answer();
    CHECK(early.status == 503);
    CHECK(early.headers.count("retry-after") == 1);
    REQUIRE(c.send(middling.substr(sent) + get("/name/behind")));
    CHECK(c.read_answer().status == 200);
  }

  const auto large = post("/echo", std::string(2 * limits::refuse_unread_bytes, 'x'));
  client by_its_head{s.port()};
  REQUIRE(by_its_head.send(large.substr(0, 200)));
  CHECK(by_its_head.read_answer().status == 503);
  CHECK(by_its_head.wait_for_end());
  client polite{s.port()};
  CHECK(polite.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\nExpect: 100-continue\r\n\r\n").status
        == 503);

  {
    client leaves{s.port()};
    REQUIRE(leaves.send(get("/hold")));
    REQUIRE(eventually([&] { return s.stats().held_bytes > settings.held_bytes; }));
  }
  CHECK(c.ask(get("/release")).status == 200);
  CHECK(c.ask(post("/echo", "again")).body == "again");
  CHECK(eventually([&] { return s.stats().held_bytes == 0; }));
}

TEST_CASE("a body that was let in by its head keeps its room, whoever is faster") {
  auto settings = quick();
  settings.held_bytes = 150'000;
  settings.claim_time = 1h;
  site s{settings};
  const auto body = post("/echo", std::string(100'000, 'x'));
  client let_in{s.port()};
  REQUIRE(let_in.send(body.substr(0, 50'000)));
  REQUIRE(eventually([&] { return s.stats().buffered_bytes == 50'000; }));
  client faster{s.port()};
  CHECK(faster.ask(body).status == 503);
  CHECK(let_in.ask(body.substr(50'000)).status == 200);
  CHECK(faster.ask(body).status == 200);
  {
    client leaves{s.port()};
    REQUIRE(leaves.send(body.substr(0, 50'000)));
    REQUIRE(eventually([&] { return s.stats().buffered_bytes == 50'000; }));
  }
  CHECK(eventually([&] { return faster.ask(body).status == 200; }));
}

TEST_CASE("who announces much and sends little keeps nobody out") {
  auto settings = quick();
  size_t senders = 0, announced = 0;
  SUBCASE("at first") {
    settings.claim_time = 1h;
    settings.held_bytes = 10'000'000;
    senders = 100;
    announced = 5'000'000;
  }
  SUBCASE("or for long") {
    settings.claim_time = 1ms;
    settings.held_bytes = 150'000;
    senders = 10;
    announced = 20'000;
  }
  site s{settings};
  const auto much = post("/echo", std::string(announced, 'x')).substr(0, 200);
  std::list<client> slow;
  for (size_t i = 0; i < senders; ++i) REQUIRE(slow.emplace_back(s.port()).send(much));
  REQUIRE(eventually([&] { return s.stats().buffered_bytes == senders * much.size(); }));
  client fast{s.port()};
  CHECK(eventually([&] { return fast.ask(post("/echo", std::string(100'000, 'x'))).status == 200; }));
}

TEST_CASE("a WebSocket waits while workers have too much in hand") {
  auto settings = quick();
  settings.held_bytes = limits::held_request_bytes;
  site s{settings};
  client c{s.port()};
  CHECK(c.open_websocket("/ws") == 101);
  for (int i = 0; i < 20; ++i) REQUIRE(c.send(frames::masked(frames::text, "hold")));
  REQUIRE(eventually([&] { return s.texts > 0; }));
  client other{s.port()};
  CHECK(eventually([&] {
    CHECK(other.ask(get("/release")).status == 200);
    return s.texts == 20 && s.stats().held_bytes == 0;
  }));
}

TEST_CASE("drain answers what is in flight, closes the rest and takes nobody new") {
  auto settings = quick();
  settings.linger_timeout = 100ms;
  site s{settings};
  client held{s.port()};
  client idle{s.port()};
  client viewer{s.port()};
  CHECK(viewer.open_websocket("/ws") == 101);
  REQUIRE(held.send(get("/hold")));
  CHECK(idle.ask(get("/name/a")).status == 200);
  client releasing{s.port()};
  REQUIRE(releasing.send("GET /release HTTP/1.1\r\n"));
  REQUIRE(eventually([&] { return s.stats().connections == 4; }));

  caf::scoped_actor self{s.system()};
  auto drained = self->request(s.listener(), caf::duration{patience}, drain_atom_v);
  CHECK(idle.wait_for_end());
  const auto goodbye = viewer.read_frame();
  REQUIRE(goodbye);
  CHECK(goodbye->code() == 1001);
  REQUIRE(releasing.send("Host: x\r\n\r\n"));
  CHECK(releasing.read_answer().status == 200);
  CHECK(held.read_answer().body == "released");
  CHECK(held.wait_for_end());
  bool done = false;
  drained.receive(
      [&](uint64_t cut) {
        done = true;
        CHECK(cut == 0);
      },
      [&](caf::error& e) { FAIL(s.system().render(e)); });
  CHECK(done);
}

} // namespace
} // namespace agentmon
