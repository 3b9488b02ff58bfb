#include "protocol/encode.hpp"
#include "store/event_rows.hpp"
#include "store/partitions.hpp"
#include "tests/store/postgres_fixture.hpp"
#include "tests/store/scenario.hpp"

#include <cstdio>

/// How fast the writer is, against its ceiling: a bare binary COPY of the same events into the same kind of table, in
/// turns, on a server with fsync. Realistic events: sessions of 5 runs of 8 spans, each with start and end.
using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

namespace {

constexpr size_t transaction_rows = 5'000;
constexpr int rounds = 12;

std::string payload_of(std::string_view type, int span) {
  const std::string input =
      "find the report of last week in the shared folder and say in three sentences what changed since";
  if (type == "span.start")
    return R"({"kind":"tool","name":"tool_)" + std::to_string(span) + R"(","input":{"command":")" + input + ' ' + input
           + R"(","cwd":"/home/agent/work"}})";
  if (type == "span.end")
    return R"({"kind":"tool","name":"tool_)" + std::to_string(span) + R"(","status":"success","duration_ms":)"
           + std::to_string(7 * span + 3) + R"(.25,"output":")" + input + ' ' + input
           + R"(","usage":{"input_tokens":1200,"output_tokens":80,"cost_usd":0.0042,"model":"claude-sonnet-4"}})";
  return R"({"status":"success","input":")" + input + "\"}";
}

/// One transaction's worth, as if it came just now.
std::vector<std::string> make_events(int round) {
  std::vector<std::string> all;
  timestamp at = now();
  for (int n = 0; all.size() < transaction_rows; ++n) {
    const auto session = to_string(make_uuid());
    const auto host = "host-" + std::to_string((round + n) % 5);
    const auto add = [&](std::string_view type, const std::string& run, const std::string& span, int number) {
      at += std::chrono::microseconds{50};
      const auto payload = payload_of(type, number);
      if (all.size() < transaction_rows)
        all.push_back(encode({.id = make_uuid(at),
                              .ts = at,
                              .type = type,
                              .framework = n % 3 == 0 ? "codex" : "openclaw",
                              .client_id = host,
                              .host = host,
                              .session_id = session,
                              .run_id = run,
                              .span_id = span,
                              .attributes = R"({"service.version":"1.2.3","os":"linux"})",
                              .payload = payload}));
    };
    add("session.start", "", "", 0);
    for (int r = 0; r < 5; ++r) {
      const auto run = to_string(make_uuid());
      add("run.start", run, "", 0);
      for (int s = 0; s < 8; ++s) {
        const auto span = to_string(make_uuid());
        add("span.start", run, span, s);
        add("span.end", run, span, s);
      }
      add("run.end", run, "", 0);
    }
    add("session.end", "", "", 0);
  }
  return all;
}

double seconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; }

} // namespace

int main() {
  postgres_server server{true};
  const database ours{server}, bare{server};
  auto writer = ours.writer();
  auto ceiling = bare.connect();
  const auto today = std::chrono::floor<std::chrono::days>(now());
  partitions days;
  must(days.ensure(ceiling, {today, today + std::chrono::days{1}}, now()));
  std::chrono::microseconds full{}, copy{}, fold{}, commit{}, alone{};
  size_t bytes = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto batch = batch_of(make_events(round));
    bytes += batch.text.size();
    auto begin = std::chrono::steady_clock::now();
    const incoming in{&batch, 0};
    const auto report = must(writer.write({&in, 1}));
    if (round > 1) { // the first ones warm up
      full += std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
      copy += report.copy_time;
      fold += report.fold_time;
      commit += report.commit_time;
    }
    std::vector<const event*> events;
    for (const auto& e : batch.events) events.push_back(&e);
    begin = std::chrono::steady_clock::now();
    must(ceiling.exec("BEGIN"));
    must(copy_events(ceiling, "events", events));
    must(ceiling.exec("COMMIT"));
    if (round > 1)
      alone += std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
  }
  const auto rows = static_cast<double>(transaction_rows * (rounds - 2));
  std::printf("%zu events a transaction, %zu bytes an event\n", transaction_rows, bytes / (transaction_rows * rounds));
  std::printf("writer      %8.0f rows/s   copy %.3f s, fold %.3f s (%.0f %% of copy), commit %.3f s\n",
              rows / seconds(full), seconds(copy), seconds(fold), 100 * seconds(fold) / seconds(copy), seconds(commit));
  std::printf("bare COPY   %8.0f rows/s   the writer reaches %.0f %%\n", rows / seconds(alone),
              100 * seconds(alone) / seconds(full));
}
