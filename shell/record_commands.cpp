#include "commands/commands.hpp"
#include "protocol/one_line.hpp"
#include "shell/command.hpp"
#include "shell/table.hpp"

/// What was recorded: sessions, runs, machines.
namespace agentmon::shell {
namespace {

constexpr size_t title_width = 60, issues_width = 80;

table table_of_runs() {
  return {{"RUN"}, {"STATUS"}, {"STARTED"}, {"TOOK", true}, {"TOKENS IN", true}, {"OUT", true}, {"TITLE"}};
}

void add_run(table& out, const json& run) {
  const auto& usage = field(run, "usage");
  out.add({text(run, "run_id"), text(run, "status"), moment(run, "started_at"), duration(run, "duration_ms"),
           count(usage, "input_tokens"), count(usage, "output_tokens"), one_line(text(run, "title"), title_width)});
}

} // namespace

int show_sessions(console& to, const words& given) {
  auto parameters = given.named;
  if (!parameters.contains("limit")) parameters.emplace("limit", "20");
  return show(to, {"sessions", {}, parameters}, [&](const json& answer) {
    table out{{"SESSION"}, {"STATUS"}, {"FRAMEWORK"}, {"HOST"}, {"LAST EVENT"}, {"RUNS", true}, {"TITLE"}};
    for (const auto& each : items(answer, "sessions"))
      out.add({text(each, "session_id"), text(each, "status"), text(each, "framework"), text(each, "host"),
               ago(each, "last_ts"), count(field(each, "counts"), "runs"), one_line(text(each, "title"), title_width)});
    to.print(out.text());
    if (const auto next = text(answer, "next_cursor"); !next.empty())
      to.print("there are more; add cursor=" + next + '\n');
    return exit_ok;
  });
}

int show_session(console& to, const words& given) {
  return show(to, {"session", given.first(), given.named}, [&](const json& session) {
    table about{{"SESSION"}, {"STATUS"}, {"FRAMEWORK"}, {"HOST"}, {"STARTED"}, {"LAST EVENT"}, {"COST $", true}};
    about.add({text(session, "session_id"), text(session, "status"), text(session, "framework"), text(session, "host"),
               moment(session, "started_at"), moment(session, "last_ts"), text(field(session, "usage"), "cost_usd")});
    auto runs = table_of_runs();
    for (const auto& each : items(session, "runs")) add_run(runs, each);
    to.print(about.text() + '\n' + (runs.empty() ? "no runs\n" : runs.text()));
    if (const auto next = text(session, "runs_next_cursor"); !next.empty())
      to.print("there are more; add cursor=" + next + '\n');
    return exit_ok;
  });
}

int show_run(console& to, const words& given) {
  return show(to, {"run", given.first(), given.named}, [&](const json& run) {
    auto about = table_of_runs();
    add_run(about, run);
    table spans{{"SPAN"}, {"KIND"}, {"NAME"}, {"STATUS"}, {"TOOK", true}, {"ERROR"}};
    for (const auto& each : items(run, "spans"))
      spans.add({text(each, "span_id"), text(each, "kind"), text(each, "name"), text(each, "status"),
                 duration(each, "duration_ms"), one_line(text(field(each, "error"), "message"), title_width)});
    to.print(about.text() + '\n' + (spans.empty() ? "no spans\n" : spans.text()));
    return exit_ok;
  });
}

int show_machines(console& to, const words&) {
  return show(to, {"vms", {}, {}}, [&](const json& answer) {
    table out{{"MACHINE"}, {"STATE"}, {"VERDICT"}, {"FOR"}, {"SEEN"}, {"ISSUES"}};
    for (const auto& each : items(answer, "vms")) {
      std::string issues;
      for (const auto& issue : items(each, "issues")) issues += (issues.empty() ? "" : "; ") + text(issue, "message");
      const auto seen = ago(each, "ts");
      out.add({text(each, "name"), text(each, "state"), text(each, "verdict"), ago(each, "since"),
               seen.empty() ? seen : seen + " ago", one_line(issues, issues_width)});
    }
    to.print(out.text());
    return exit_ok;
  });
}

} // namespace agentmon::shell
