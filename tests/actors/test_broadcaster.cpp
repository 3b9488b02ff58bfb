#include "actors/broadcaster.hpp"
#include "protocol/limits.hpp"
#include "tests/actors/bench.hpp"

#include <deque>
#include <memory>

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

/// What a listener was told to push; while it holds, it has not handed anything over yet.
struct pushes {
  std::vector<outgoing_frames> all; ///< but the hello of each viewer
  std::deque<caf::typed_response_promise<uint64_t>> held;
  bool hold = false;
  uint64_t dropped = 0; ///< what it answers

  std::string text(size_t push) const { return *all.at(push).at(0).bytes; }
};

listener_actor::behavior_type pretend_listener(listener_actor::pointer self, std::shared_ptr<pushes> log) {
  return {
      [](answer_atom, const std::vector<answered>&) {},
      [](upgrade_atom, connection_id, const std::string&) {},
      [self, log](push_atom, const outgoing_frames& frames) -> caf::result<uint64_t> {
        if (frames.at(0).bytes->find("hello") != std::string::npos) return uint64_t{0};
        log->all.push_back(frames);
        if (!log->hold) return log->dropped;
        log->held.push_back(self->make_response_promise<uint64_t>());
        return log->held.back();
      },
      [](close_atom, connection_id, uint16_t, const std::string&) {},
      [log](taken_atom, connection_id) { // the test's word for: now it is handed over
        for (auto& promise : std::exchange(log->held, {})) promise.deliver(log->dropped);
      },
      [](adopt_atom, connection_id, int32_t, const std::string&) {},
      [](drain_atom) { return uint64_t{0}; },
      [](stats_atom) { return listener_stats{}; },
  };
}

std::string message(const std::string& session = "s") {
  return R"([{"schema":{"name":"agentmon.event","version":1},"event":{"id":")" + to_string(make_uuid())
         + R"(","type":"custom.test","ts":"2026-03-13T12:00:00Z","source":{"framework":"f","client_id":"c","host":"h"}},)"
           R"("correlation":{"session_id":")"
         + session + R"("},"attributes":{},"payload":{}}])";
}

size_t count(const std::string& text, const std::string& word) {
  size_t found = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

struct fixture : bench {
  std::shared_ptr<pushes> log = std::make_shared<pushes>();
  listener_actor listener = keep(system.spawn(pretend_listener, log));
  broadcaster_actor feed = keep(spawn_broadcaster(system, node));

  void join(uint64_t viewer, const live_filter& filter = {}) {
    self->send(feed, join_atom_v, websocket_peer{listener, {viewer}}, filter, uint64_t{0});
    run();
  }
  void publish(const std::string& text, int64_t published = 0) {
    node.feed_bytes += static_cast<int64_t>(text.size());
    self->send(feed, feed_atom_v, text, published);
    run();
  }
  void change(const std::string& session, const std::string& json) {
    self->send(feed, changed_atom_v, std::vector<live_change>{{"sessions", session, "f", json}}, int64_t{1});
    run();
  }
  void release() {
    self->send(listener, taken_atom_v, connection_id{});
    run();
  }
  /// The histogram's count of a metric.
  double observed(const std::string& metric) const {
    const auto text = node.counts.text({});
    const auto at = text.find(metric + "_count ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + metric.size() + 7));
  }
};

} // namespace

TEST_SUITE_BEGIN("broadcaster");

TEST_CASE_FIXTURE(fixture, "what comes while a frame is on its way shares the next one") {
  join(1);
  log->hold = true;
  publish(message(), now().time_since_epoch().count());
  REQUIRE(log->all.size() == 1);
  for (int i = 0; i < 3; ++i) publish(message(), now().time_since_epoch().count());
  advance(1s);
  CHECK(log->all.size() == 1);
  CHECK(node.feed_bytes > 0);
  CHECK(observed("agentmon_bus_to_viewer_seconds") == 0);
  release();
  CHECK(observed("agentmon_bus_to_viewer_seconds") == 1);
  advance(limits::frame_interval_max);
  REQUIRE(log->all.size() == 2);
  CHECK(count(log->text(1), "custom.test") == 3);
  CHECK(log->all[1][0].frames == 1);
  CHECK(node.feed_bytes == 0);
  release();
  CHECK(observed("agentmon_bus_to_viewer_seconds") == 4);
}

TEST_CASE_FIXTURE(fixture, "the sockets rest as long as they were busy") {
  join(1);
  log->hold = true;
  publish(message());
  advance(20ms); // so long the listener takes
  release();
  publish(message());
  CHECK(log->all.size() == 1);
  advance(19ms);
  CHECK(log->all.size() == 1);
  advance(1ms);
  CHECK(log->all.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "many viewers are served in slices, one after the other, from the same bytes") {
  const auto viewers = 2 * limits::push_viewers + 50;
  for (uint64_t i = 1; i <= viewers; ++i) join(i);
  log->hold = true;
  publish(message());
  for (size_t slice = 0; slice < 3; ++slice) {
    REQUIRE(log->all.size() == slice + 1);
    CHECK(log->all[slice][0].to.size() == (slice < 2 ? limits::push_viewers : 50));
    CHECK(log->all[slice][0].bytes == log->all[0][0].bytes);
    release();
  }
  CHECK(log->all.size() == 3);
}

TEST_CASE_FIXTURE(fixture, "viewers with filters of their own share a slice") {
  for (uint64_t i = 1; i <= 10; ++i) join(i, {"s" + std::to_string(i), "", {}});
  publish(message("s3"));
  REQUIRE(log->all.size() == 1);
  CHECK(log->all[0].size() == 1);
  advance(1s);
  log->hold = true;
  publish(message("s1"));
  publish(message("s2"));
  publish(message("s4"));
  release();
  advance(1s);
  REQUIRE(log->all.size() == 3);
  CHECK(log->all[2].size() == 2);
}

TEST_CASE_FIXTURE(fixture, "of a session only the newest state waits") {
  join(1);
  log->hold = true;
  change("a", "{\"n\":1}");
  for (int i = 2; i < 10; ++i) change("a", "{\"n\":" + std::to_string(i) + "}");
  change("b", "{\"n\":0}");
  release();
  advance(1s);
  REQUIRE(log->all.size() == 2);
  CHECK(log->text(1).find(R"("sessions":[{"n":9},{"n":0}])") != std::string::npos);
  release();
  CHECK(observed("agentmon_commit_to_viewer_seconds") == 10);
}

TEST_CASE_FIXTURE(fixture, "a listener that ended holds up nobody; what was dropped is counted") {
  join(1);
  self->send_exit(listener, caf::exit_reason::kill);
  run();
  publish(message());
  CHECK(log->all.empty());
  const auto other = keep(system.spawn(pretend_listener, log));
  self->send(feed, join_atom_v, websocket_peer{other, {2}}, live_filter{}, uint64_t{0});
  log->dropped = 7;
  publish(message());
  advance(1s);
  CHECK(log->all.size() == 1);
  CHECK(node.counts.live_frames_dropped.Value() == 7);
}

TEST_CASE_FIXTURE(fixture, "what comes while nobody looks is there for who comes back") {
  join(1);
  publish(message());
  const auto seen = std::stoull(log->text(0).substr(log->text(0).find("\"seq\":") + 6));
  self->send(feed, leave_atom_v, connection_id{1});
  publish(message());
  publish(message());
  self->send(feed, join_atom_v, websocket_peer{listener, {2}}, live_filter{}, seen);
  run();
  REQUIRE(log->all.size() == 3);
  CHECK(log->text(2).find("custom.test") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "what is too much to keep while nobody looks is told as a gap") {
  join(1);
  publish(message());
  const auto seen = std::stoull(log->text(0).substr(log->text(0).find("\"seq\":") + 6));
  self->send(feed, leave_atom_v, connection_id{1});
  const auto large = message(std::string(100, 's')) + std::string(limits::resume_bytes / 4, ' ');
  for (int i = 0; i < 6; ++i) publish(large);
  CHECK(node.feed_bytes == 0);
  self->send(feed, join_atom_v, websocket_peer{listener, {2}}, live_filter{}, seen);
  run();
  REQUIRE(log->all.size() == 3); // it is the same event each time
  CHECK(log->text(1).find("{\"gap\":3}") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "messages that the feed missed are a gap of unknown size, now and for whoever resumes") {
  join(1);
  publish(message());
  advance(1s);
  const auto seen = std::stoull(log->text(0).substr(log->text(0).find("\"seq\":") + 6));
  self->send(feed, lost_atom_v);
  run();
  REQUIRE(log->all.size() == 2);
  CHECK(log->text(1).find("{\"gap\":null}") != std::string::npos);
  publish(message());
  advance(1s);
  REQUIRE(log->all.size() == 3);
  self->send(feed, join_atom_v, websocket_peer{listener, {2}}, live_filter{}, seen);
  run();
  REQUIRE(log->all.size() == 5);
  CHECK(log->text(3).find("{\"gap\":null}") != std::string::npos);
  CHECK(log->text(4) == log->text(2));
}

TEST_CASE_FIXTURE(fixture, "what cannot be decoded does not count for ever") {
  join(1);
  publish("nonsense");
  advance(1s);
  CHECK(node.feed_bytes == 0);
}

TEST_SUITE_END();
