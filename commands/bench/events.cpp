#include "commands/bench/events.hpp"

#include "protocol/encode.hpp"

#include <algorithm>
#include <charconv>

namespace agentmon::bench {
namespace {

constexpr size_t stories = 12;        // different texts of a whole session
constexpr size_t open_sessions = 300; // agents at work at the same time
constexpr size_t least_bytes = 600, most_bytes = 900, longest_word = 14;

// What stands in a form where an id or the time belongs.
constexpr auto id_place = "01900000-0000-7000-8000-00000000000a";
constexpr auto session_place = "01900000-0000-7000-8000-00000000000b";
constexpr auto run_place = "01900000-0000-7000-8000-00000000000c";
constexpr auto span_place = "01900000-0000-7000-8000-00000000000d";
const timestamp time_place = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::microseconds{123456};

constexpr std::array<std::string_view, 3> frameworks{"openclaw", "codex", "claude-code"};
constexpr std::array<std::string_view, 8> tools{"read",      "write", "bash",    "grep",
                                                "web_fetch", "edit",  "browser", "model"};
constexpr std::array<std::string_view, 24> words{
    "look", "at",  "the",     "report", "of",     "last",  "week", "and",    "say",  "in",   "three", "sentences",
    "what", "has", "changed", "since",  "server", "build", "test", "failed", "with", "file", "line",  "configuration"};

template <class List>
std::string_view one_of(const List& list, std::mt19937& random) {
  return list[random() % list.size()];
}

std::string usage_text(std::mt19937& random) {
  return R"("usage":{"input_tokens":)" + std::to_string(800 + random() % 20'000) + R"(,"output_tokens":)"
         + std::to_string(20 + random() % 900) + R"(,"cache_read_tokens":)" + std::to_string(random() % 800)
         + R"(,"cost_usd":0.0)" + std::to_string(100 + random() % 900) + R"(,"model":"claude-sonnet-4"})";
}

std::string ending(std::mt19937& random, unsigned one_error_in) {
  auto text = R"("duration_ms":)" + std::to_string(3 + random() % 4'000) + ".25,";
  if (random() % one_error_in == 0)
    return text + R"("status":"error","error":{"type":"timeout","message":"the command did not end in time"},)";
  return text + R"("status":"success",)";
}

/// The payload without its long text, which comes last.
std::string payload_head(std::string_view type, size_t span, std::mt19937& random) {
  if (type == "run.end") return "{" + ending(random, 30) + usage_text(random) + R"(,"output":")";
  if (type == "session.end") return R"({"status":"success","output":")";
  if (!type.starts_with("span.")) return R"({"input":")";
  const auto tool = tools[span % tools.size()];
  auto text =
      tool == "model" ? std::string{R"({"kind":"model",)"} : R"({"kind":"tool","name":")" + std::string{tool} + R"(",)";
  if (type == "span.start") return text + R"("input":")";
  text += ending(random, 100);
  return (tool == "model" ? text + usage_text(random) + "," : text) + R"("output":")";
}

void write_hex(char* to, uint64_t value, size_t digits) {
  for (size_t i = digits; i-- > 0; value >>= 4) to[i] = "0123456789abcdef"[value & 15U];
}

std::string make_id(timestamp at) { return to_string(make_uuid(at)); }

} // namespace

std::vector<event_source::event_form> event_source::make_story(std::mt19937& random, size_t number) {
  const auto host = "host-" + std::to_string(number % 5);
  const auto attributes =
      R"({"service.version":"1.4.2","os":"linux","workspace":"/home/agent/work-)" + std::to_string(number) + R"("})";
  std::vector<event_form> story;
  const auto add = [&](std::string_view type, std::string_view run, std::string_view span_id, size_t span) {
    envelope e{.id = *parse_uuid(id_place),
               .ts = time_place,
               .type = type,
               .framework = frameworks[number % frameworks.size()],
               .client_id = host,
               .host = host,
               .session_id = session_place,
               .run_id = run,
               .span_id = span_id,
               .attributes = attributes};
    auto payload = payload_head(type, span, random);
    const auto wanted = least_bytes + random() % (most_bytes - least_bytes - longest_word);
    const auto rest = encode(e).size() + std::string_view{R"(,"payload":"})"}.size();
    while (rest + payload.size() < wanted) payload.append(one_of(words, random)).append(" ");
    payload += "\"}";
    e.payload = payload;
    auto text = encode(e);
    const auto find = [&](std::string_view what) { return text.find(what); };
    const auto id = find(id_place), ts = find(format_time(time_place)), session = find(session_place),
               run_at = find(run_place), span_at = find(span_place);
    story.push_back({std::move(text), id, ts, session, run_at, span_at});
  };
  add("session.start", "", "", 0);
  for (size_t run = 0; run < runs_per_session; ++run) {
    add("run.start", run_place, "", 0);
    for (size_t span = 0; span < spans_per_run; ++span) {
      add("span.start", run_place, span_place, span);
      add("span.end", run_place, span_place, span);
    }
    add("run.end", run_place, "", 0);
  }
  add("session.end", "", "", 0);
  return story;
}

event_source::event_source() : sessions_(open_sessions) {
  std::mt19937 random{1}; // the same texts in every run
  for (size_t i = 0; i < stories; ++i) stories_.push_back(make_story(random, i));
}

void event_source::write_time(char* to, timestamp at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  if (second != second_ || second_text_.empty()) {
    second_ = second;
    second_text_ = format_time(second).substr(0, 19) + '.';
  }
  second_text_.copy(to, second_text_.size());
  auto micros = static_cast<unsigned>((at - second).count());
  for (size_t i = 26; i-- > 20; micros /= 10) to[i] = static_cast<char>('0' + micros % 10);
}

uint64_t event_source::append(std::string& to, timestamp at) {
  auto& s = sessions_[random_() % sessions_.size()];
  if (s.next == 0) {
    s.story = random_() % stories_.size();
    make_id(at).copy(s.id.data(), s.id.size());
  }
  const auto& form = stories_[s.story][s.next];
  const auto in_run = (s.next - 1) % (2 + 2 * spans_per_run); // of the events of a run
  if (s.next > 0 && in_run == 0) make_id(at).copy(s.run.data(), s.run.size());
  if (form.span != std::string::npos && in_run % 2 == 1) make_id(at).copy(s.span.data(), s.span.size());
  s.next = (s.next + 1) % events_per_session;

  const auto start = to.size();
  to += form.text;
  char* const text = to.data() + start;
  const auto put = [&](size_t where, const id_text& id) {
    if (where != std::string::npos) std::copy(id.begin(), id.end(), text + where);
  };
  put(form.session, s.id);
  put(form.run, s.run);
  put(form.span, s.span);
  write_time(text + form.ts, at);
  // A UUIDv7 whose last 48 bits are the event's number: unique, and found again in what viewers get.
  char* const id = text + form.id;
  const auto millis = static_cast<uint64_t>(at.time_since_epoch().count()) / 1000;
  write_hex(id, millis >> 16, 8);
  write_hex(id + 9, millis & 0xffff, 4);
  write_hex(id + 15, random_() & 0xfff, 3);
  write_hex(id + 19, 0x8000 | (random_() & 0x3fff), 4);
  write_hex(id + 24, next_number_, 12);
  return next_number_++;
}

void event_source::append_batch(std::string& to, size_t events, timestamp at) {
  to += '[';
  for (size_t i = 0; i < events; ++i) {
    if (i > 0) to += ',';
    append(to, at + std::chrono::microseconds{i});
  }
  to += ']';
}

uint64_t event_source::number_in(std::string_view id) {
  uint64_t number = 0;
  std::from_chars(id.data() + 24, id.data() + 36, number, 16);
  return number;
}

} // namespace agentmon::bench
