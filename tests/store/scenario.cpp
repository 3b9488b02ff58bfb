#include "tests/store/scenario.hpp"

#include "protocol/encode.hpp"
#include "tests/store/postgres_fixture.hpp"

namespace agentmon::test {

using namespace store;
namespace {

uint64_t next_number() {
  static uint64_t number = 0;
  return ++number;
}

} // namespace

uuid id_of(uint64_t number) {
  uuid id;
  for (size_t i = 0; i < sizeof number; ++i) id.bytes[15 - i] = static_cast<unsigned char>(number >> (8 * i));
  return id;
}

scenario& scenario::add(std::string_view type, std::string_view session, std::string_view run, std::string_view span,
                        std::string_view payload, int millis) {
  at += std::chrono::milliseconds{millis};
  envelopes.push_back(encode({.id = id_of(next_number()),
                              .ts = at,
                              .type = type,
                              .framework = framework,
                              .client_id = client_id,
                              .host = host,
                              .session_id = session,
                              .run_id = run,
                              .span_id = span,
                              .payload = payload}));
  return *this;
}

scenario& scenario::add_session(std::string_view session, int runs, int spans) {
  static constexpr std::string_view tools[] = {"read", "exec", "browser"};
  add("session.start", session);
  for (int r = 0; r < runs; ++r) {
    const auto run = std::string{session} + "-run-" + std::to_string(r);
    add("run.start", session, run, {}, R"({"input":"please do it"})");
    for (int s = 0; s < spans; ++s) {
      const auto span = run + "-span-" + std::to_string(s);
      const auto name = std::string{tools[static_cast<size_t>(s) % 3]};
      add("span.start", session, run, span, R"({"kind":"tool","name":")" + name + R"(","input":{"path":"/tmp/a"}})");
      const auto* const status =
          s % 5 == 4 ? R"("error","error":{"type":"Timeout","message":"took too long"})" : R"("success")";
      add("span.end", session, run, span,
          R"({"kind":"tool","name":")" + name + R"(","status":)" + status + R"(,"duration_ms":)"
              + std::to_string(10 * (s + 1)) + R"(,"output":"done"})");
    }
    add("span.start", session, run, run + "-model", R"({"kind":"model"})");
    add("span.end", session, run, run + "-model",
        R"({"kind":"model","status":"success","usage":{"input_tokens":1000,"output_tokens":50,"cost_usd":0.0125,"model":"mock-1"}})");
    const auto* const end = r % 3 == 2 ? R"({"status":"error"})" : R"({"status":"success"})";
    add("run.end", session, run, {}, end);
  }
  add("session.end", session, {}, {}, R"({"status":"success"})");
  return *this;
}

std::vector<std::string> mixed_events() {
  scenario s;
  s.add_session("one", 4, 6);
  s.host = "other";
  s.framework = "codex";
  s.at = *parse_time("2026-03-13T23:59:58Z");
  s.add_session("two", 3, 12);
  s.add("error", "two", "two-run-1", {}, R"({"error":{"type":"Crash","message":"gone"}})");
  s.add("run.end", "three", "three-run", {}, R"({"status":"aborted","duration_ms":1234.5,"usage":{"input_tokens":7}})");
  s.add("run.end", "three", "three-run", {}, R"({"status":"success","usage":{"input_tokens":9,"output_tokens":1}})");
  s.add("run.start", "three", "unended");
  s.add("metric.snapshot", "", "", "", R"({"value":1})");
  for (const auto* const state : {"running", "running", "degraded", "running", "running"})
    s.add("openclaw.snapshot", "", "", "",
          R"({"name":"vm-1","cpu_percent":12.5,"state":")" + std::string{state} + "\"}");
  return s.envelopes;
}

event_batch batch_of(const std::vector<std::string>& envelopes) {
  std::string text = "[";
  for (const auto& envelope : envelopes) text += (text.size() > 1 ? "," : "") + envelope;
  return must(decode(text + ']'));
}

commit_report write(event_writer& writer, const std::vector<std::string>& envelopes) {
  const auto batch = batch_of(envelopes);
  const incoming in{&batch, 7};
  return must(writer.write({&in, 1}));
}

} // namespace agentmon::test
