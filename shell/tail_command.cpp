#include "commands/commands.hpp"
#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"
#include "protocol/one_line.hpp"
#include "shell/command.hpp"
#include "shell/words.hpp"

#include <cstdio>

namespace agentmon::shell {
namespace {

constexpr size_t value_width = 40, message_width = 80, line_width = 400;

/// "12:00:00.123Z  run.end  openclaw@zap  session ID  run ID  success".
std::string line_of(const json& envelope) {
  const auto& event = field(envelope, "event");
  const auto& source = field(event, "source");
  const auto& about = field(envelope, "correlation");
  const auto& payload = field(envelope, "payload");
  auto out =
      text(event, "ts") + "  " + text(event, "type") + "  " + text(source, "framework") + "@" + text(source, "host");
  if (const auto session = text(about, "session_id"); !session.empty()) out += "  session " + session;
  if (const auto run = text(about, "run_id"); !run.empty()) out += "  run " + run;
  for (const auto* name : {"kind", "name", "status"})
    if (const auto value = text(payload, name); !value.empty()) out += "  " + one_line(value, value_width);
  if (const auto message = text(field(payload, "error"), "message"); !message.empty())
    out += "  " + one_line(message, message_width);
  return out.substr(0, line_width);
}

void print_frames(const console& to, const json& answer) {
  for (const auto& frame : items(answer, "frames"))
    for (const auto& each : items(frame, "events")) to.print((to.as_json ? json_of(each) : line_of(each)) + '\n');
}

} // namespace

int tail(console& to, const words& given) {
  live_filter filter;
  for (const auto& [name, value] : given.named) {
    if (name == "type") filter.types = list_of(value);
    if (name == "framework") filter.framework = value;
    if (name == "session") filter.session_id = value;
  }
  // Behind the newest frame at first. Their numbers rise over restarts, so what comes after one is shown, too.
  for (uint64_t since = 0;;) {
    const auto said = to.node().tail(filter, since);
    if (!said) return interrupt::requested() ? exit_ok : to.complain(said.error());
    rapidjson::Document answer;
    answer.Parse(said->data(), said->size());
    if (field(answer, "gap").IsTrue()) std::fputs("(events were missed here)\n", stderr);
    if (since == 0 && to.is_terminal && !to.as_json) std::fputs("(until Ctrl+C)\n", stderr);
    print_frames(to, answer);
    if (const auto& next = field(answer, "seq"); next.IsUint64()) since = next.GetUint64();
    if (!interrupt::pause(limits::tail_look)) return exit_ok;
  }
}

} // namespace agentmon::shell
