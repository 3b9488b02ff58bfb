#include "commands/demo/session.hpp"

#include "commands/demo/json_object.hpp"
#include "commands/demo/tokens.hpp"

#include <algorithm>
#include <utility>

namespace agentmon::demo {
namespace {

using std::chrono::microseconds;

constexpr double disk_is_full_from = 0.97;
constexpr double compacts_from = 110'000; // tokens

microseconds from_ms(double milliseconds) { return microseconds{static_cast<int64_t>(milliseconds * 1000)}; }

std::string error_json(std::string_view type, std::string_view message) {
  return json_object{}.text("type", type).text("message", message).done();
}

/// What the end of a run or span is told to say.
struct ending {
  std::string_view status = "success";
  std::string error{};  ///< JSON text; empty: none
  std::string output{}; ///< empty: none
  bool is_truncated = false;
  token_use used{};
  std::string_view model{};
};

class session_writer {
public:
  session_writer(const worker& who, const timeline& world, dice& chance, timestamp start)
      : who_{who}, world_{world}, dice_{chance}, at_{start}, model_{pick_model()} {}

  std::vector<step> write();

private:
  const language_model& pick_model() {
    const auto models = who_.work.models;
    return dice_.chance(0.75) ? models.front() : dice_.pick(models);
  }
  std::string new_id() { return to_string(dice_.make_uuid(world_.stamp(at_))); }
  bool is_cut_off() const { return who_.work.framework == "openclaw" && world_.gateway_is_down(who_.home, at_); }

  step& add(std::string_view type, timestamp at, std::string payload);
  void end(std::string_view type, timestamp began, const step& start, const ending&);
  step start_span(std::string_view kind, std::string_view name, std::string_view input, const std::string& parent);

  std::string_view run();
  std::string_view steps(const errand&, token_use& used, std::string& output);
  void think(size_t output_tokens, std::string_view output, const std::string& parent, token_use& used);
  std::string_view fail_to_think();
  timestamp use_tool(timestamp from, const std::string& parent, bool is_aborted);
  ending tool_ending(const tool&, const tool_failure*, const tool_use&, bool is_aborted);
  void use_tools(const std::string& parent);
  void ask_for_permission();
  void delegate(token_use& used);
  void compact();
  void tell_error(std::string_view type, std::string_view message);

  const worker& who_;
  const timeline& world_;
  dice& dice_;
  timestamp at_;
  const language_model& model_;
  std::string session_ = new_id();
  std::string run_;
  std::string trace_;
  double context_ = dice_.between(9'000, 24'000); ///< tokens that the next model call reads
  bool is_cached_ = false;
  std::vector<step> steps_;
};

step& session_writer::add(std::string_view type, timestamp at, std::string payload) {
  step s;
  s.at = at;
  s.id = dice_.make_uuid(world_.stamp(at));
  s.type = type;
  s.session_id = session_;
  s.run_id = run_;
  s.trace_id = trace_;
  s.payload = std::move(payload);
  return steps_.emplace_back(std::move(s));
}

/// The counterpart of `start`, at the present time.
void session_writer::end(std::string_view type, timestamp began, const step& start, const ending& how) {
  json_object payload;
  if (!start.kind.empty()) payload.text("kind", start.kind);
  if (!start.name.empty()) payload.text("name", start.name);
  payload.text("status", how.status)
      .number("duration_ms", static_cast<double>((world_.stamp(at_) - world_.stamp(began)).count()) / 1000);
  if (!how.output.empty()) payload.text("output", how.output);
  if (how.is_truncated) payload.truth("output_truncated", true);
  if (!how.error.empty()) payload.raw("error", how.error);
  if (how.used.input > 0) payload.raw("usage", to_json(how.used, how.model));
  auto& s = add(type, at_, payload.done());
  s.span_id = start.span_id;
  s.parent_span_id = start.parent_span_id;
  s.kind = start.kind;
  s.name = start.name;
  s.began = began;
}

step session_writer::start_span(std::string_view kind, std::string_view name, std::string_view input,
                                const std::string& parent) {
  json_object payload;
  payload.text("kind", kind).text("name", name);
  if (!input.empty()) payload.text("input", input);
  auto& s = add("span.start", at_, payload.done());
  s.span_id = new_id();
  s.parent_span_id = parent;
  s.kind = kind;
  s.name = name;
  return s;
}

void session_writer::tell_error(std::string_view type, std::string_view message) {
  add("error", at_, json_object{}.raw("error", error_json(type, message)).done());
}

/// One call of the model, which then has `output` to say.
void session_writer::think(size_t output_tokens, std::string_view output, const std::string& parent, token_use& used) {
  const auto began = at_;
  const auto start = start_span("model", model_.name, {}, parent);
  const auto use = tokens_of(model_, context_, static_cast<double>(output_tokens), is_cached_, dice_);
  at_ += from_ms(dice_.log_normal(900, 0.4) + use.output * dice_.between(9, 18));
  end("span.end", began, start, {.output = std::string{output}, .used = use, .model = model_.name});
  context_ += use.output;
  is_cached_ = true;
  used += use;
}

std::string_view session_writer::fail_to_think() {
  const auto began = at_;
  const auto start = start_span("model", model_.name, {}, {});
  const auto& why = dice_.pick(model_failures());
  at_ += from_ms(why.type == "timeout" ? 60'000 : dice_.log_normal(1500, 0.6));
  end("span.end", began, start, {.status = "error", .error = error_json(why.type, why.message)});
  tell_error(why.type, why.message);
  return "error";
}

ending session_writer::tool_ending(const tool& t, const tool_failure* failed, const tool_use& use, bool is_aborted) {
  if (is_aborted) return {.status = "aborted"};
  if (failed != nullptr) return {.status = "error", .error = error_json(failed->type, failed->message)};
  ending good{.output = std::string{use.output}};
  if (t.is_verbose && !use.output.empty() && dice_.chance(0.06)) {
    constexpr size_t cut_at = 2000;
    while (good.output.size() < cut_at) good.output.append("\n").append(use.output);
    good.output.resize(cut_at);
    good.is_truncated = true;
  }
  return good;
}

/// One tool call; gives when it ends, and leaves the present where it was.
timestamp session_writer::use_tool(timestamp from, const std::string& parent, bool is_aborted) {
  static constexpr tool_failure no_space{"", "no_space", "ENOSPC: no space left on device, write"};
  const auto& t = dice_.pick_weighted(who_.work.tools);
  const auto& use = dice_.pick(t.uses);
  const tool_failure* failed = nullptr;
  if (!t.failures.empty() && dice_.chance(t.failure_rate)) failed = &dice_.pick(t.failures);
  std::string_view input = failed != nullptr ? failed->input : use.input;
  if (t.needs_disk && world_.disk_filling(who_.home, from) >= disk_is_full_from && dice_.chance(0.7)) {
    failed = &no_space;
    input = use.input;
  }
  const auto present = std::exchange(at_, from);
  const auto start = start_span("tool", t.name, input, parent);
  at_ += from_ms(std::min(dice_.log_normal(t.median_ms, t.spread), 120'000.0));
  auto how = tool_ending(t, failed, use, is_aborted);
  context_ += static_cast<double>(how.output.size()) / 3.5 + dice_.log_normal(900, 1.0);
  end("span.end", from, start, how);
  return std::exchange(at_, present);
}

/// Somebody has to say yes, and may be away.
void session_writer::ask_for_permission() {
  add("run.waiting", at_,
      json_object{}.text("waits_for", "permission_request").text("input", "May I run this command?").done());
  at_ += from_ms(std::min(dice_.log_normal(25'000, 1.2), 900'000.0));
}

/// One or two tool calls at the same time.
void session_writer::use_tools(const std::string& parent) {
  if (who_.work.framework != "openclaw" && dice_.chance(0.04)) ask_for_permission();
  const auto from = at_;
  auto ends = use_tool(from, parent, false);
  if (dice_.chance(0.18)) ends = std::max(ends, use_tool(from + from_ms(dice_.between(1, 30)), parent, false));
  at_ = ends + from_ms(dice_.between(5, 60));
}

/// A sub-agent with its own model and tool calls; what it used counts for the run by its own spans.
void session_writer::delegate(token_use& used) {
  const auto began = at_;
  const auto start = start_span("subagent", who_.work.subagent_tool, dice_.pick(who_.work.errands).prompt, {});
  const auto own_context = std::exchange(context_, dice_.between(4'000, 9'000));
  const auto calls = static_cast<int>(dice_.between(2, 6));
  for (int i = 0; i < calls; ++i) {
    think(static_cast<size_t>(dice_.log_normal(130, 0.6)), {}, start.span_id, used);
    use_tools(start.span_id);
  }
  think(static_cast<size_t>(dice_.log_normal(320, 0.5)), "Done, details above.", start.span_id, used);
  context_ = own_context + 500;
  end("span.end", began, start, {.output = "Done, details above."});
}

void session_writer::compact() {
  const auto began = at_;
  const auto start = start_span("compaction", "compact", {}, {});
  at_ += from_ms(dice_.log_normal(14'000, 0.4));
  context_ *= 0.12;
  is_cached_ = false;
  end("span.end", began, start, {});
}

/// The inside of a run; gives how it ended.
std::string_view session_writer::steps(const errand& what, token_use& used, std::string& output) {
  const auto fate = dice_.between(0, 1);
  const auto calls = std::clamp(static_cast<int>(dice_.log_normal(3.4, 0.75)), 0, 24);
  if (context_ > compacts_from) compact();
  for (int i = 0; i < calls; ++i) {
    if (is_cut_off()) {
      tell_error("gateway_stopped", "the gateway stopped: ENOSPC: no space left on device, write sessions.json");
      return "error";
    }
    think(static_cast<size_t>(dice_.log_normal(120, 0.7)), {}, {}, used);
    if (fate < 0.03 && i == calls - 1) {
      at_ = use_tool(at_, {}, true);
      return "aborted";
    }
    if (dice_.chance(0.04))
      delegate(used);
    else
      use_tools({});
  }
  if (fate > 0.975) return fail_to_think();
  think(static_cast<size_t>(static_cast<double>(what.answer.size()) / 3.2 + dice_.log_normal(60, 0.8)), what.answer, {},
        used);
  output = what.answer;
  return "success";
}

std::string_view session_writer::run() {
  run_ = new_id();
  trace_.clear();
  for (const char c : new_id())
    if (c != '-') trace_ += c;
  const auto& what = dice_.pick(who_.work.errands);
  const auto began = at_;
  const step start = add("run.start", at_, json_object{}.text("input", what.prompt).text("model", model_.name).done());
  context_ += static_cast<double>(what.prompt.size()) / 3.5;
  at_ += from_ms(dice_.between(20, 200));
  ending how{.model = model_.name};
  how.status = steps(what, how.used, how.output);
  at_ += from_ms(dice_.between(5, 40));
  end("run.end", began, start, how);
  run_.clear();
  trace_.clear();
  return how.status;
}

std::vector<step> session_writer::write() {
  const auto began = at_;
  auto& first = add("session.start", at_, json_object{}.text("model", model_.name).done());
  first.attributes = dice_.pick(who_.work.attributes);
  const step start = first;
  const auto runs = 1 + static_cast<int>(dice_.waiting(3.6));
  std::string_view status = "success";
  at_ += from_ms(dice_.between(300, 2500));
  for (int i = 0; i < runs && !is_cut_off(); ++i) {
    if (i > 0) at_ += from_ms(dice_.log_normal(55'000, 0.8));
    if (is_cut_off()) break;
    status = run();
  }
  at_ += from_ms(dice_.log_normal(20'000, 0.6));
  end("session.end", began, start, {.status = status == "aborted" ? "success" : status});
  std::stable_sort(steps_.begin(), steps_.end(), [](const step& a, const step& b) { return a.at < b.at; });
  return std::move(steps_);
}

} // namespace

std::vector<step> plan_session(const worker& who, const timeline& world, dice& chance, timestamp start) {
  return session_writer{who, world, chance, start}.write();
}

std::string aborted_payload(const step& planned, const timeline& world, timestamp now) {
  json_object payload;
  if (!planned.kind.empty()) payload.text("kind", planned.kind);
  if (!planned.name.empty()) payload.text("name", planned.name);
  payload.text("status", "aborted")
      .number("duration_ms", static_cast<double>((now - world.stamp(planned.began)).count()) / 1000);
  return payload.done();
}

} // namespace agentmon::demo
