#include "actors/delivery_check.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace std::chrono_literals;
using verdict = delivery_check::verdict;

namespace {

/// A stream of 10 messages, all of them with a processor or so NATS believes, and another processor that asks.
struct scene {
  bus::stream_state stream{.created = {}, .first_sequence = 1, .last_sequence = 10, .messages = 10, .bytes = 1000};
  bus::consumer_state consumer{
      .created = {}, .ack_floor = 0, .delivered = 10, .pending = 0, .ack_pending = 10, .redelivered = 0, .waiting = 1};
  delivery_check check;
  delivery_check::time_point now{1h};

  verdict look(bool claimed = false) {
    now += limits::ack_floor_interval;
    return check.look(stream, consumer, claimed, now);
  }

  /// Looks for so long; the last verdict, or the first that is not sound.
  verdict look_for(std::chrono::nanoseconds time) {
    auto is = verdict::sound;
    for (const auto end = now + time; now < end && is == verdict::sound;) is = look();
    return is;
  }

  /// The same, past doubt.
  verdict look_in_doubt_for(std::chrono::nanoseconds time) {
    auto is = verdict::doubtful;
    for (const auto end = now + time; now < end && is == verdict::doubtful;) is = look();
    return is;
  }
};

} // namespace

TEST_SUITE_BEGIN("delivery check");

TEST_CASE("messages that nobody speaks of, though NATS says that they are with a processor") {
  scene s;
  CHECK(s.look_for(limits::ack_wait) == verdict::sound);
  CHECK(s.look_for(1s) == verdict::doubtful);
  CHECK(s.look_in_doubt_for(limits::ack_wait - 2s) == verdict::doubtful);
  CHECK(s.look_in_doubt_for(3s) == verdict::damaged);
}

TEST_CASE("a processor that holds them says so every few seconds") {
  scene s;
  for (int i = 0; i < 5; ++i) {
    CHECK(s.look_for(2 * limits::ack_wait) == verdict::doubtful);
    CHECK(s.look_in_doubt_for(limits::progress_interval) == verdict::doubtful);
    CHECK(s.look(true) == verdict::sound);
  }
}

TEST_CASE("nobody asks, so nothing is withheld") {
  scene s;
  s.consumer.waiting = 0;
  CHECK(s.look_for(10min) == verdict::sound);
  SUBCASE("one that asks is given time to get them") {
    s.consumer.waiting = 1;
    CHECK(s.look_for(limits::ack_wait - 1s) == verdict::sound);
  }
  SUBCASE("one that asked just before was killed") {
    s.consumer.waiting = 1;
    s.look();
    s.consumer.waiting = 0;
    CHECK(s.look_for(10min) == verdict::sound);
  }
}

TEST_CASE("new messages go to processors, the oldest does not") {
  scene s;
  s.consumer.waiting = 0; // all requests are answered at once
  auto is = verdict::sound;
  for (int i = 0; i < 50 && is != verdict::damaged; ++i) {
    s.consumer.delivered += 100;
    s.stream.last_sequence += 100;
    is = s.look();
  }
  CHECK(is == verdict::damaged);
}

TEST_CASE("the oldest message moves on") {
  scene s;
  for (int i = 0; i < 100; ++i) {
    s.stream.first_sequence += 1;
    s.stream.last_sequence += 1;
    CHECK(s.look() == verdict::sound);
  }
}

TEST_CASE("messages that NATS takes for done, or keeps from one that asks, are given up after ack_wait") {
  scene s;
  s.consumer.ack_pending = 0;
  SUBCASE("done") { s.consumer.waiting = 0; }
  SUBCASE("kept back") { s.consumer.pending = 10; }
  CHECK(s.look_for(limits::ack_wait) == verdict::sound);
  CHECK(s.look_for(1s) == verdict::damaged);
}

TEST_CASE("a floor beyond what the stream holds") {
  scene s;
  s.consumer.waiting = 0;
  SUBCASE("within it") { s.consumer.ack_floor = 5; }
  SUBCASE("beyond its end") {
    s.consumer.ack_floor = 11;
    s.stream.messages = 0;
  }
  CHECK(s.look_for(limits::ack_wait) == verdict::sound);
  CHECK(s.look_for(1s) == verdict::damaged);
}

TEST_CASE("what happened while nobody looked is not known") {
  scene s;
  CHECK(s.look_for(limits::ack_wait - 1s) == verdict::sound);
  s.now += 1h; // this process was frozen
  CHECK(s.look_for(limits::ack_wait) == verdict::sound);
}

TEST_SUITE_END();
