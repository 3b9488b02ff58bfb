#include "commands/commands.hpp"
#include "commands/gateway_client.hpp"
#include "commands/hooks/agents.hpp"
#include "commands/interrupt.hpp"
#include "protocol/encode.hpp"
#include "protocol/limits.hpp"

#include <httplib.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <array>
#include <cstdio>
#include <unistd.h>

namespace agentmon {
namespace {

namespace fs = std::filesystem;
using hooks::agent;
using hooks::hook_settings;

constexpr std::array flags_of_hooks{
    flag{"url", "URL", "The gateway that they report to (default: AGENTMON_URL, else this machine's)."},
    flag{"token", "TOKEN", "Its access token (default: AGENTMON_TOKEN, else AGENTMON_INGEST_TOKEN)."},
    flag{"name", "NAME", "The name of this machine in agentmon (default: the host's)."},
    flag{"query", "URL", "Where status asks for the last event (default: this machine's query port)."},
    flag{"yes", "", "Do not ask before changing anything."},
};

/// Shows what is to be done and asks, unless --yes was given.
bool agreed(const hooks::plan& steps, const given_flags& flags) {
  std::fputs(("This will be done:\n" + hooks::describe(steps)).c_str(), stdout);
  if (flags.has("yes")) return true;
  if (::isatty(STDIN_FILENO) != 1) {
    complain("nothing was changed; add --yes to do it");
    return false;
  }
  std::fputs("Go on? [y/N] ", stdout);
  std::fflush(stdout);
  std::array<char, 16> answer{};
  const bool answered = std::fgets(answer.data(), answer.size(), stdin) != nullptr;
  if (answered && (answer[0] == 'y' || answer[0] == 'Y')) return true;
  std::puts(answered ? "Nothing was changed." : "\nNothing was changed.");
  return false;
}

void give(const std::vector<std::string>& advice) {
  for (const auto& each : advice) std::printf("%s\n", each.c_str());
}

/// Shows, asks, does. Nothing: it was not wanted, or went wrong and was told.
std::optional<bool> carry_out(const hooks::plan& steps, const given_flags& flags) {
  if (steps.changes.empty() && steps.commands.empty()) return false;
  if (!agreed(steps, flags)) return std::nullopt;
  const auto done = hooks::apply(steps);
  if (!done) return complain(done.error().message), std::nullopt;
  return true;
}

int send_test_event(const agent& of, const hook_settings& settings, const destination& to) {
  gateway_client gateway{{.url = to.url,
                          .token = to.token,
                          .timeout = limits::doctor_http_timeout,
                          .pause = interrupt::pause,
                          .on_retry = [](std::string_view) {}}};
  const auto json =
      encode({.type = "hook.installed", .framework = of.framework, .client_id = settings.name, .host = settings.name});
  const auto answer = gateway.post("[" + json + "]");
  if (!answer || answer->accepted != 1) {
    complain("the test event did not arrive: " + (answer ? answer->rejected.front().message : answer.error().message)
             + ". The hooks are in place and keep their events until the gateway takes them");
    return exit_unreachable;
  }
  std::printf("A test event arrived at %s.\n", to.url.c_str());
  return exit_ok;
}

int install(const agent& which, const invocation& given) {
  const auto to = destination_of(given);
  if (!to) return complain(to.error().message), exit_usage;
  const hook_settings settings{to->url, std::string{given.flags.value("name").value_or(given.config.values.node)},
                               to->token.value_or("")};
  const auto steps = which.to_install(settings);
  if (!steps) return complain(steps.error().message), exit_problem;
  const auto done = carry_out(*steps, given.flags);
  if (!done) return exit_problem;
  std::printf(*done ? "The hooks of %s are installed.\n" : "The hooks of %s are in place already.\n",
              which.name.data());
  give(steps->advice);
  return send_test_event(which, settings, *to);
}

int remove(const agent& which, const invocation& given) {
  const auto steps = which.to_remove();
  if (!steps) return complain(steps.error().message), exit_problem;
  const auto done = carry_out(*steps, given.flags);
  if (!done) return exit_problem;
  if (!*done) return std::printf("There are no hooks of %s.\n", which.name.data()), exit_ok;
  std::printf("The hooks of %s are removed.\n", which.name.data());
  give(steps->advice);
  return exit_ok;
}

/// Files in a folder; 0 when there is none.
size_t files_in(const fs::path& folder) {
  std::error_code error;
  size_t count = 0;
  for (auto each = fs::directory_iterator{folder, error}; !error && each != fs::directory_iterator{};
       each.increment(error))
    ++count;
  return count;
}

std::string last_line(const fs::path& file) {
  auto text = hooks::read_text(file).value_or("");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

/// When the store got the last event of these hooks.
result<std::string> last_event(const agent& which, const std::string& name, const invocation& given) {
  const auto url = std::string{given.flags.value("query").value_or(local_url(given.config.values.query_addr))};
  httplib::Client http{url};
  http.set_connection_timeout(limits::doctor_http_timeout);
  http.set_read_timeout(limits::doctor_http_timeout);
  httplib::Headers headers;
  if (given.config.values.query_token) headers.emplace("Authorization", "Bearer " + *given.config.values.query_token);
  const auto path = "/v1/events?limit=1&framework=" + std::string{which.framework}
                    + (name.empty() ? "" : "&host=" + httplib::detail::encode_query_param(name));
  const auto got = http.Get(path, headers);
  if (!got || got->status != 200)
    return fail(fault::unavailable,
                "the query port " + url + " does not say ("
                    + (got ? "status " + std::to_string(got->status) : httplib::to_string(got.error()))
                    + "); give --query URL");
  rapidjson::Document json;
  json.Parse(got->body.c_str());
  if (json.HasParseError() || !json.IsObject() || !json.HasMember("events") || !json["events"].IsArray())
    return fail(fault::unavailable, url + " does not answer as agentmon does; give --query URL");
  if (json["events"].Empty()) return std::string{};
  const auto& event = json["events"][0];
  const auto* const ts = rapidjson::Pointer("/event/ts").Get(event);
  const auto* const type = rapidjson::Pointer("/event/type").Get(event);
  return std::string{type != nullptr && type->IsString() ? type->GetString() : "?"} + " at "
         + (ts != nullptr && ts->IsString() ? ts->GetString() : "?");
}

int status(const agent& which, const invocation& given) {
  const auto found = which.look();
  if (!found) return complain(found.error().message), exit_problem;
  std::printf("%s: %s\n", which.name.data(), found->message.c_str());
  if (const auto waiting = files_in(found->data / "spool"); waiting > 0)
    std::printf("waiting: %zu reports were not taken by the gateway yet\n", waiting);
  if (const auto line = last_line(found->data / "agentmon.log"); !line.empty()) std::printf("log: %s\n", line.c_str());
  const auto last = last_event(which, found->name, given);
  if (!last) return complain(last.error().message), exit_problem;
  std::printf("last event: %s\n", last->empty() ? "none has arrived" : last->c_str());
  return found->installed && !last->empty() ? exit_ok : exit_problem;
}

} // namespace

std::span<const flag> hooks_flags() { return flags_of_hooks; }

int run_hooks(const invocation& given) {
  const auto& words = given.flags.words;
  const auto* const which = words.size() == 2 ? hooks::agent_named(words[1]) : nullptr;
  if (which != nullptr && words[0] == "install") return install(*which, given);
  if (which != nullptr && words[0] == "status") return status(*which, given);
  if (which != nullptr && words[0] == "remove") return remove(*which, given);
  complain("write: agentmon hooks install|status|remove openclaw|codex|claude-code");
  return exit_usage;
}

} // namespace agentmon
