#include "protocol/decode.hpp"
#include "protocol/encode.hpp"
#include "protocol/fold.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

using namespace agentmon;

namespace {

timestamp at(int seconds) { return *parse_time("2026-03-13T12:00:00Z") + std::chrono::seconds{seconds}; }

struct story {
  std::string json = "[";
  void add(int second, std::string_view type, std::string_view run, std::string_view span, std::string_view payload) {
    if (json.size() > 1) json += ',';
    json += encode({.id = make_uuid(at(second)),
                    .ts = at(second),
                    .type = type,
                    .framework = second < 5 ? "openclaw" : "codex",
                    .session_id = "s",
                    .run_id = run,
                    .span_id = span,
                    .payload = payload});
  }
  event_batch events() const {
    auto batch = decode(json + "]");
    REQUIRE(batch.has_value());
    REQUIRE(batch->rejections.empty());
    return std::move(*batch);
  }
};

event_batch two_runs() {
  story s;
  s.add(0, "session.start", "", "", "{}");
  s.add(1, "run.start", "r1", "", R"({"input":{"files":[],"message":" look\nhere "}})");
  s.add(2, "span.start", "r1", "a", R"({"kind":"tool","name":"exec"})");
  s.add(4, "span.end", "r1", "a", R"({"kind":"tool","status":"error","duration_ms":1500})");
  s.add(5, "span.end", "r1", "b", R"({"kind":"model","usage":{"input_tokens":10,"cost_usd":0.5,"model":"m1"}})");
  s.add(6, "span.end", "r1", "c", R"({"kind":"model","usage":{"input_tokens":5,"output_tokens":2,"model":"m2"}})");
  s.add(7, "run.end", "r1", "", R"({"status":"error"})");
  s.add(9, "run.waiting", "r1", "", "{}");
  s.add(10, "run.start", "r2", "", R"({"input":"second"})");
  s.add(11, "error", "r2", "", R"({"error":{"message":"x"}})");
  s.add(12, "run.end", "r2", "", R"({"status":"success","duration_ms":99,"usage":{"input_tokens":100}})");
  s.add(12, "run.end", "r2", "", R"({"status":"aborted","usage":{"input_tokens":90,"output_tokens":1}})");
  s.add(13, "session.end", "", "", R"({"status":"success"})");
  return s.events();
}

struct folded {
  session_state session;
  std::map<std::string, run_state, std::less<>> runs;
  std::map<std::string, span_state, std::less<>> spans;
};

folded fold_in(const event_batch& batch, const std::vector<size_t>& order) {
  folded all;
  for (const auto i : order) {
    const auto& e = batch.events[i];
    fold(all.session, e);
    if (e.run_id.empty()) continue;
    auto& run = all.runs[std::string{e.run_id}];
    const auto before = run;
    fold(run, e);
    fold(all.session, before, run);
    if (!e.span_id.empty()) fold(all.spans[std::string{e.span_id}], e);
  }
  return all;
}

std::vector<size_t> in_order(const event_batch& batch) {
  std::vector<size_t> order(batch.events.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  return order;
}

void check_same(const folded& expected, const folded& got) {
  const auto& [a, b] = std::pair{expected.session, got.session};
  CHECK(a.first == b.first);
  CHECK(a.framework == b.framework);
  CHECK(a.last_ts == b.last_ts);
  CHECK(a.started_at == b.started_at);
  CHECK(a.restarted_at == b.restarted_at);
  CHECK(a.ended == b.ended);
  CHECK(a.status == b.status);
  CHECK(a.counts == b.counts);
  CHECK(a.runs == b.runs);
  CHECK(a.failed_runs == b.failed_runs);
  CHECK(a.runs_used == b.runs_used);
  CHECK(a.runs_with_usage == b.runs_with_usage);
  CHECK(a.end_used == b.end_used);
  CHECK(a.title == b.title);
  CHECK(a.title_from == b.title_from);
  CHECK(a.waiting_ts == b.waiting_ts);
  for (const auto& [id, run] : expected.runs) {
    const auto& other = got.runs.find(id)->second;
    CHECK(run.first == other.first);
    CHECK(run.last_ts == other.last_ts);
    CHECK(run.started_at == other.started_at);
    CHECK(run.ended == other.ended);
    CHECK(run.status == other.status);
    CHECK(run.reported_duration_us == other.reported_duration_us);
    CHECK(used_by(run) == used_by(other));
    CHECK(run.model == other.model);
    CHECK(run.model_from == other.model_from);
    CHECK(run.counts == other.counts);
    CHECK(run.title == other.title);
    CHECK(run.title_from == other.title_from);
    CHECK(run.waiting_ts == other.waiting_ts);
  }
}

} // namespace

TEST_SUITE_BEGIN("fold");

TEST_CASE("a session is what its events say") {
  const auto batch = two_runs();
  const auto all = fold_in(batch, in_order(batch));
  const auto& s = all.session;
  CHECK(s.runs == 2);
  CHECK(s.failed_runs == 1);
  CHECK(s.counts.events == 13);
  CHECK(s.counts.spans == 3);
  CHECK(s.counts.tool_calls == 1);
  CHECK(s.counts.errors == 2);
  CHECK(s.started_at == at(0));
  CHECK(s.last_ts == at(13));
  CHECK(has_ended(s));
  CHECK(status_of(s) == "success");
  CHECK(s.title == "look here");
  CHECK(s.framework == "openclaw");
  CHECK(used_by(s).input_tokens == 115);
  CHECK(used_by(s).output_tokens == 3);
  CHECK(!used_by(s).cache_read_tokens.has_value());
  CHECK(used_by(s).cost_nano_usd == 500'000'000);
  CHECK(s.runs_with_usage == 2);

  const auto& r1 = all.runs.find("r1")->second;
  CHECK(duration_of(r1) == 6'000'000);
  CHECK(used_by(r1).input_tokens == 15);
  CHECK(r1.model == "m2");
  const auto& r2 = all.runs.find("r2")->second;
  CHECK(used_by(r2).input_tokens == 100);
  CHECK(r2.counts.errors == 1);
  CHECK(r1.title == "look here");
  CHECK(r2.title == "second");
  CHECK(status_of(r1) == "error");

  const auto& a = all.spans.find("a")->second;
  CHECK(description_of(a).name == "exec");
  CHECK(duration_of(a) == 1'500'000);
  CHECK(a.status == outcome::error);
  CHECK(!duration_of(all.spans.find("b")->second).has_value());
}

TEST_CASE("any order of the same events gives the same state") {
  const auto batch = two_runs();
  auto order = in_order(batch);
  const auto expected = fold_in(batch, order);
  std::mt19937 random{7};
  for (int round = 0; round < 500; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    const auto got = fold_in(batch, order);
    check_same(expected, got);
    for (const auto& [id, span] : expected.spans) {
      const auto& other = got.spans.find(id)->second;
      CHECK(description_of(span).name == description_of(other).name);
      CHECK(duration_of(span) == duration_of(other));
      CHECK(span.status == other.status);
    }
  }
}

TEST_CASE("two parts of the events, each folded by itself, merge into the whole") {
  const auto batch = two_runs();
  auto order = in_order(batch);
  const auto expected = fold_in(batch, order);
  std::mt19937 random{8};
  for (int round = 0; round < 500; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    const auto cut = order.begin() + static_cast<long>(random() % (order.size() + 1));
    const auto stored = fold_in(batch, {order.begin(), cut});
    folded got; // as a writer does it: the new events alone, then what is stored, then what the runs became
    for (auto at = cut; at != order.end(); ++at) {
      const auto& e = batch.events[*at];
      fold(got.session, e);
      if (!e.run_id.empty()) fold(got.runs[std::string{e.run_id}], e);
    }
    merge(got.session, stored.session);
    for (const auto& [id, run] : stored.runs) merge(got.runs[id], run);
    for (const auto& [id, run] : got.runs) {
      const auto before = stored.runs.find(id);
      fold(got.session, before == stored.runs.end() ? run_state{} : before->second, run);
    }
    check_same(expected, got);
  }
}

TEST_CASE("an end without a start, and a start without an end") {
  story s;
  s.add(3, "run.end", "r", "", R"({"status":"success"})");
  const auto ended = s.events();
  run_state run;
  fold(run, ended.events[0]);
  CHECK(!duration_of(run).has_value());
  CHECK(status_of(run) == "success");
  CHECK(!used_by(run).input_tokens.has_value());

  story t;
  t.add(3, "session.start", "", "", "{}");
  const auto begun = t.events();
  session_state session;
  fold(session, begun.events[0]);
  CHECK(status_of(session) == "active");
  CHECK(duration_of(session) == 0);

  story u;
  u.add(3, "session.end", "", "", "{}");
  const auto only_end = u.events();
  session_state ended_session;
  fold(ended_session, only_end.events[0]);
  CHECK(status_of(ended_session) == "ended");
  CHECK(!duration_of(ended_session).has_value());
}

TEST_CASE("what waits is waiting until its next event, whatever came first") {
  story s;
  s.add(0, "run.start", "r", "", "{}");
  s.add(1, "run.waiting", "r", "", "{}");
  s.add(2, "session.waiting", "", "", "{}");
  s.add(3, "span.start", "r", "a", "{}");
  s.add(4, "run.waiting", "r", "", "{}");
  s.add(5, "run.end", "r", "", "{}");
  s.add(6, "session.end", "", "", "{}");
  const auto batch = s.events();
  run_state run;
  session_state session;
  const auto see = [&](size_t i) {
    fold(session, batch.events[i]);
    if (!batch.events[i].run_id.empty()) fold(run, batch.events[i]);
  };
  see(1);
  see(0);
  CHECK(status_of(run) == "waiting");
  see(2);
  CHECK(status_of(session) == "waiting");
  CHECK(run.waiting_ts == at(1));
  see(3);
  CHECK(status_of(run) == "active");
  CHECK(status_of(session) == "active");
  see(4);
  CHECK(status_of(session) == "waiting");
  CHECK(session.waiting_ts == at(4));
  see(5);
  CHECK(status_of(run) == "ended");
  see(6);
  CHECK(status_of(session) == "ended");
}

TEST_CASE("a title is the text of the earliest input that has one") {
  const auto title_of = [](std::string_view payload) {
    story s;
    s.add(1, "run.start", "r", "", payload);
    const auto batch = s.events();
    run_state run;
    fold(run, batch.events[0]);
    return run.title;
  };
  CHECK(title_of(R"({"input":"plain"})") == "plain");
  CHECK(title_of(R"({"input":{"content":"c","prompt":"p","message":"m","text":"t"}})") == "t");
  CHECK(title_of(R"({"input":{"content":"c","prompt":"p","text":""}})") == "p");
  CHECK(title_of(R"({"input":{"text":{"text":"deeper"}},"text":"x","output":"y"})").empty());
  CHECK(title_of(R"({"input":["a"]})").empty());
  CHECK(title_of(R"({"input":"first","input":{"prompt":"the last counts"}})") == "the last counts");
  CHECK(title_of(R"({"input":"\u0000\u2028\t\"quoted\""})") == "\ufffd \"quoted\"");
  CHECK(title_of(R"({"input":" \n "})").empty());

  const std::string long_text(5000, 'x');
  CHECK(title_of(R"({"input":")" + long_text + "\"}") == std::string(119, 'x') + "\u2026");
  CHECK(title_of(R"({"input":"\n)" + std::string(120, 'x') + "\"}") == std::string(120, 'x'));
  std::string wide, cut;
  for (int i = 0; i < 2000; ++i) wide += "\u6f22";
  for (int i = 0; i < 119; ++i) cut += "\u6f22";
  CHECK(title_of(R"({"input":")" + wide + "\"}") == cut + "\u2026");

  story s;
  s.add(3, "run.end", "late", "", R"({"input":"of an end"})");
  s.add(2, "run.start", "first", "", R"({"input":"  "})");
  s.add(4, "span.start", "first", "a", R"({"input":"of a tool"})");
  const auto batch = s.events();
  session_state session;
  for (const auto& e : batch.events) fold(session, e);
  CHECK(session.title == "of an end");
}

TEST_CASE("a session that starts again after its end is active") {
  story s;
  s.add(0, "session.start", "", "", "{}");
  s.add(1, "session.end", "", "", "{}");
  s.add(2, "session.start", "", "", "{}");
  const auto batch = s.events();
  session_state session;
  fold(session, batch.events[1]);
  CHECK(has_ended(session));
  fold(session, batch.events[2]);
  fold(session, batch.events[0]);
  CHECK(!has_ended(session));
  CHECK(session.started_at == at(0));
}

TEST_CASE("what a run adds to its minute is nothing before its first event") {
  const auto nothing = contribution_of(run_state{});
  CHECK(nothing.runs == 0);
  CHECK(minute_of(at(59)) == at(0));
  CHECK(minute_of(at(60)) == at(60));
}

TEST_SUITE_END();
