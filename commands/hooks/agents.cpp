#include "commands/hooks/agents.hpp"

#include "commands/hooks/bundled.hpp"
#include "commands/hooks/json_hooks.hpp"
#include "settings/settings.hpp"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace agentmon::hooks {
namespace {

namespace fs = std::filesystem;
using kind = change::kind;

constexpr int hook_timeout_s = 10; // the command needs a few milliseconds; a machine can be busy
constexpr int last_timeout_s = 3;  // Codex allows no more at an end

// Not those of worktrees, where a hook can take Claude Code's own work over, and not FileChanged and MessageDisplay,
// which are many and tell nothing about a run.
constexpr std::array claude_events{
    hook_event{"SessionStart", hook_timeout_s},
    hook_event{"SessionEnd", hook_timeout_s},
    hook_event{"UserPromptSubmit", hook_timeout_s},
    hook_event{"PreToolUse", hook_timeout_s},
    hook_event{"PostToolUse", hook_timeout_s},
    hook_event{"PostToolUseFailure", hook_timeout_s},
    hook_event{"PostToolBatch", hook_timeout_s},
    hook_event{"PermissionRequest", hook_timeout_s},
    hook_event{"PermissionDenied", hook_timeout_s},
    hook_event{"Notification", hook_timeout_s},
    hook_event{"Stop", hook_timeout_s},
    hook_event{"StopFailure", hook_timeout_s},
    hook_event{"SubagentStart", hook_timeout_s},
    hook_event{"SubagentStop", hook_timeout_s},
    hook_event{"PreCompact", hook_timeout_s},
    hook_event{"PostCompact", hook_timeout_s},
    hook_event{"UserPromptExpansion", hook_timeout_s},
    hook_event{"InstructionsLoaded", hook_timeout_s},
    hook_event{"ConfigChange", hook_timeout_s},
    hook_event{"Setup", hook_timeout_s},
    hook_event{"PreModelSwitch", hook_timeout_s},
    hook_event{"PostModelSwitch", hook_timeout_s},
    hook_event{"TaskCreated", hook_timeout_s},
    hook_event{"TaskCompleted", hook_timeout_s},
    hook_event{"CwdChanged", hook_timeout_s},
    hook_event{"DirectoryAdded", hook_timeout_s},
    hook_event{"Elicitation", hook_timeout_s},
    hook_event{"ElicitationResult", hook_timeout_s},
    hook_event{"TeammateIdle", hook_timeout_s},
};

constexpr std::array codex_events{
    hook_event{"SessionStart", hook_timeout_s}, hook_event{"UserPromptSubmit", hook_timeout_s},
    hook_event{"PreToolUse", hook_timeout_s},   hook_event{"PermissionRequest", hook_timeout_s},
    hook_event{"PostToolUse", hook_timeout_s},  hook_event{"PreCompact", hook_timeout_s},
    hook_event{"PostCompact", hook_timeout_s},  hook_event{"SubagentStart", hook_timeout_s},
    hook_event{"SubagentStop", hook_timeout_s}, hook_event{"Stop", hook_timeout_s},
    hook_event{"Interrupt", last_timeout_s},    hook_event{"SessionEnd", last_timeout_s},
};

/// The folder of an agent's own files: as its variable says, else in the home folder.
fs::path home_of(const char* variable, const char* folder) {
  const auto environment = process_environment();
  const auto said = environment.find(variable);
  if (said != environment.end() && !said->second.empty()) return fs::absolute(said->second);
  const auto home = environment.find("HOME");
  return (home == environment.end() ? fs::current_path() : fs::path{home->second}) / folder;
}

fs::path claude_home() { return home_of("CLAUDE_CONFIG_DIR", ".claude"); }
fs::path codex_home() { return home_of("CODEX_HOME", ".codex"); }
fs::path openclaw_home() { return home_of("OPENCLAW_STATE_DIR", ".openclaw"); }

/// For a shell.
std::string quoted(const fs::path& path) {
  const auto text = path.string();
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0
           || std::string_view{"/._-+@"}.find(c) != std::string_view::npos;
  });
  return plain ? text : "'" + text + "'";
}

std::vector<std::pair<std::string, std::string>> variables_of(const hook_settings& settings) {
  return {{"AGENTMON_INGEST_URL", settings.url},
          {"AGENTMON_VM_NAME", settings.name},
          {"AGENTMON_INGEST_TOKEN", settings.token}};
}

result<void> add_variables(plan& to, kind what, const fs::path& file, const hook_settings& settings) {
  const auto present = read_text(file);
  if (!present) return tl::unexpected{present.error()};
  return add(to, {what, file, with_variables(*present, variables_of(settings)), false, "address, name and token"});
}

/// The value of a variable in a file of NAME=value lines.
std::string variable_in(const std::string& text, std::string_view name) {
  const auto start = ("\n" + text).find("\n" + std::string{name} + "=");
  if (start == std::string::npos) return {};
  const auto from = start + name.size() + 1;
  return text.substr(from, text.find('\n', from) - from);
}

result<void> add_bundled(plan& to, std::string_view agent, const fs::path& folder) {
  for (const auto& file : bundled_files()) {
    if (!file.path.starts_with(std::string{agent} + "/")) continue;
    const fs::path name{file.path.substr(agent.size() + 1)};
    const bool executable = name == "report";
    if (auto added = add(to, {kind::write, folder / name, std::string{file.content}, executable, ""}); !added)
      return added;
  }
  return {};
}

result<void> add_json(plan& to, const fs::path& file, const result<std::string>& changed, const std::string& meaning) {
  if (!changed)
    return fail(fault::invalid, file.string() + " cannot be changed, " + changed.error().message + "; mend it first");
  return add(to, {kind::edit, file, *changed, false, meaning});
}

// -- Claude Code and Codex: a command for each event ------------------------------------------------------------------

result<plan> command_plan(std::string_view agent, const fs::path& home, const hook_settings& settings) {
  const auto folder = home / "agentmon";
  if (folder.string().find('\'') != std::string::npos)
    return fail(fault::invalid,
                "the name of " + folder.string() + " has a quotation mark, which no hook command can have");
  const auto node = find_program("node");
  if (node.empty())
    return fail(
        fault::unavailable,
        "Node is not found; the hooks need Node 18 or newer. Install it (apt-get install nodejs) and try again");
  plan steps;
  auto done = add_bundled(steps, agent, folder);
  if (done) done = add(steps, {kind::link, folder / "node", node.string(), false, node.string()});
  if (done) done = add_variables(steps, kind::write, folder / "agentmon.env", settings);
  // The folder into which the hooks' command writes.
  if (done && !fs::exists(folder / "inbox" / ".keep"))
    done = add(steps, {kind::write, folder / "inbox" / ".keep", "\n", false, ""});
  if (!done) return tl::unexpected{done.error()};
  return steps;
}

result<void> add_events(plan& to, const fs::path& file, std::span<const hook_event> events, const fs::path& report) {
  const auto present = read_text(file);
  if (!present) return tl::unexpected{present.error()};
  return add_json(to, file, with_hooks(*present, events, quoted(report)),
                  "one more command for each hook, behind yours");
}

result<void> remove_events(plan& to, const fs::path& file, const fs::path& report) {
  const auto present = read_text(file);
  if (!present) return tl::unexpected{present.error()};
  if (count_hooks(*present, quoted(report)) == 0) return {};
  return add_json(to, file, without_hooks(*present, quoted(report)), "without agentmon's command");
}

result<presence> look_at_command(const fs::path& home, const fs::path& settings_file, size_t events) {
  const auto folder = home / "agentmon";
  const auto json = read_text(settings_file);
  const auto variables = read_text(folder / "agentmon.env");
  if (!json) return tl::unexpected{json.error()};
  if (!variables) return tl::unexpected{variables.error()};
  const auto hooked = count_hooks(*json, quoted(folder / "report"));
  presence found{
      .installed = hooked > 0, .message = {}, .data = folder, .name = variable_in(*variables, "AGENTMON_VM_NAME")};
  if (hooked == 0)
    found.message = "not installed";
  else if (hooked < events)
    found.message =
        "installed for " + std::to_string(hooked) + " of " + std::to_string(events) + " events; install again";
  else if (!fs::exists(folder / "report.mjs") || !fs::exists(folder / "node"))
    found.message = "installed, but its program or Node is gone; install again";
  else
    found.message = "installed in " + folder.string();
  return found;
}

result<plan> install_claude(const hook_settings& settings) {
  auto steps = command_plan("claude-code", claude_home(), settings);
  if (!steps) return steps;
  const auto added =
      add_events(*steps, claude_home() / "settings.json", claude_events, claude_home() / "agentmon/report");
  if (!added) return tl::unexpected{added.error()};
  steps->advice.push_back("Claude Code sessions that run now go on without; the next ones report.");
  return steps;
}

result<plan> remove_command(const fs::path& home, const fs::path& settings_file) {
  plan steps;
  auto done = remove_events(steps, settings_file, home / "agentmon/report");
  if (done) done = add(steps, {kind::remove, home / "agentmon", "", false, "with events that were not sent"});
  if (!done) return tl::unexpected{done.error()};
  return steps;
}

result<plan> remove_claude() { return remove_command(claude_home(), claude_home() / "settings.json"); }

result<presence> look_claude() {
  return look_at_command(claude_home(), claude_home() / "settings.json", claude_events.size());
}

// -- Codex ------------------------------------------------------------------------------------------------------------

std::string notify_line() { return "notify = [\"" + (codex_home() / "agentmon/report").string() + "\", \"notify\"]\n"; }

/// Tells every turn also where hooks are not trusted; it must stand before the first table.
result<void> add_notify(plan& to) {
  const auto file = codex_home() / "config.toml";
  const auto present = read_text(file);
  if (!present) return tl::unexpected{present.error()};
  if (present->find(notify_line()) != std::string::npos) return {};
  const auto top = "\n" + present->substr(0, ("\n" + *present).find("\n["));
  if (top.find("\nnotify") != std::string::npos) {
    to.advice.push_back(file.string() + " has a notify program, which stays: turns are reported by the hooks only.");
    return {};
  }
  return add(to, {kind::edit, file, notify_line() + *present, false, "one line at its top: notify"});
}

result<plan> install_codex(const hook_settings& settings) {
  auto steps = command_plan("codex", codex_home(), settings);
  if (!steps) return steps;
  auto done = add_events(*steps, codex_home() / "hooks.json", codex_events, codex_home() / "agentmon/report");
  if (done) done = add_notify(*steps);
  if (!done) return tl::unexpected{done.error()};
  steps->advice.push_back(
      "Codex runs new hooks only after you trust them: start codex and answer \"Hooks need review\" with \"Trust "
      "all\", or "
      "type /hooks in it. agentmon does not do that for you. Until then only the ends of turns are reported.");
  steps->advice.push_back(
      "Codex 0.116 has its hooks switched off: put \"codex_hooks = true\" into [features] of config.toml there. Later "
      "versions do not need it.");
  return steps;
}

result<plan> remove_codex() {
  auto steps = remove_command(codex_home(), codex_home() / "hooks.json");
  if (!steps) return steps;
  const auto file = codex_home() / "config.toml";
  const auto present = read_text(file);
  if (!present) return tl::unexpected{present.error()};
  if (const auto at = present->find(notify_line()); at != std::string::npos) {
    auto text = *present;
    text.erase(at, notify_line().size());
    if (auto added = add(*steps, {kind::edit, file, text, false, "without agentmon's notify"}); !added)
      return tl::unexpected{added.error()};
  }
  return steps;
}

result<presence> look_codex() {
  return look_at_command(codex_home(), codex_home() / "hooks.json", codex_events.size());
}

// -- OpenClaw ---------------------------------------------------------------------------------------------------------

fs::path openclaw_hook() { return openclaw_home() / "hooks/agentmon"; }

/// As OpenClaw's configuration says; one that cannot be read says nothing.
bool openclaw_hook_is_enabled() {
  constexpr unsigned as_openclaw_reads = rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag;
  rapidjson::Document json;
  json.Parse<as_openclaw_reads>(read_text(openclaw_home() / "openclaw.json").value_or("").c_str());
  if (json.HasParseError()) return false;
  const auto* const enabled = rapidjson::Pointer("/hooks/internal/entries/agentmon/enabled").Get(json);
  return enabled != nullptr && enabled->IsTrue();
}

/// Its configuration is OpenClaw's own to change; it may hold comments, and the running gateway takes the change over.
void run_or_advise(plan& steps, std::vector<std::vector<std::string>> commands) {
  if (!find_program("openclaw").empty()) {
    steps.commands = std::move(commands);
    return;
  }
  std::string advice{"The program openclaw is not found here; run by hand:"};
  for (const auto& words : commands) {
    advice += "\n  ";
    for (const auto& word : words) advice += " " + word;
  }
  steps.advice.push_back(advice);
}

result<plan> install_openclaw(const hook_settings& settings) {
  plan steps;
  auto done = add_bundled(steps, "openclaw", openclaw_hook());
  if (done) done = add_variables(steps, kind::edit, openclaw_home() / ".env", settings);
  if (!done) return tl::unexpected{done.error()};
  if (!steps.changes.empty() || !openclaw_hook_is_enabled())
    run_or_advise(steps, {{"openclaw", "hooks", "enable", "agentmon"}});
  steps.advice.push_back("Restart the OpenClaw gateway once: it reads .env and the hook's files when it starts.");
  steps.advice.push_back(
      "The same folder is a plugin, too, which adds parameters, results and answers. OpenClaw wants your "
      "consent for that, so it is left to you:\n  openclaw plugins install --link "
      + openclaw_hook().string()
      + " --force --accept-capabilities\n  openclaw config set "
        "plugins.entries.agentmon.hooks.allowConversationAccess true");
  return steps;
}

result<plan> remove_openclaw() {
  plan steps{.commands_first = true};
  const auto variables = read_text(openclaw_home() / ".env");
  if (!variables) return tl::unexpected{variables.error()};
  auto done = add(steps, {kind::remove, openclaw_hook(), "", false, ""});
  if (done)
    done = add(steps, {kind::remove, openclaw_home() / "agentmon", "", false, "with events that were not sent"});
  if (done && !variables->empty())
    done = add(steps, {kind::edit, openclaw_home() / ".env", with_variables(*variables, variables_of({})), false,
                       "without agentmon's variables"});
  if (!done) return tl::unexpected{done.error()};
  std::vector<std::vector<std::string>> commands;
  const auto configuration = read_text(openclaw_home() / "openclaw.json").value_or("");
  if (configuration.find(openclaw_hook().string()) != std::string::npos)
    commands.push_back({"openclaw", "plugins", "uninstall", "agentmon", "--force", "--keep-files"});
  commands.push_back({"openclaw", "hooks", "disable", "agentmon"});
  if (!steps.changes.empty()) run_or_advise(steps, std::move(commands));
  steps.advice.push_back("Restart the OpenClaw gateway to forget the hook that it has loaded.");
  return steps;
}

result<presence> look_openclaw() {
  const auto variables = read_text(openclaw_home() / ".env");
  if (!variables) return tl::unexpected{variables.error()};
  presence found{.installed = fs::exists(openclaw_hook() / "handler.ts"),
                 .message = {},
                 .data = openclaw_home() / "agentmon",
                 .name = variable_in(*variables, "AGENTMON_VM_NAME")};
  if (!found.installed)
    found.message = "not installed";
  else if (variable_in(*variables, "AGENTMON_INGEST_URL").empty())
    found.message = "installed, but AGENTMON_INGEST_URL is not set in " + (openclaw_home() / ".env").string();
  else if (!openclaw_hook_is_enabled())
    found.message = "installed, but not enabled; run: openclaw hooks enable agentmon";
  else
    found.message = "installed in " + openclaw_hook().string();
  return found;
}

constexpr std::array agents{
    agent{"openclaw", "openclaw", install_openclaw, remove_openclaw, look_openclaw},
    agent{"codex", "codex", install_codex, remove_codex, look_codex},
    agent{"claude-code", "claude-code", install_claude, remove_claude, look_claude},
};

} // namespace

const agent* agent_named(std::string_view name) {
  const auto* const found =
      std::find_if(agents.begin(), agents.end(), [&](const agent& each) { return each.name == name; });
  return found == agents.end() ? nullptr : found;
}

} // namespace agentmon::hooks
