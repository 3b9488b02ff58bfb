#include "settings/settings.hpp"

#include "settings/env_file.hpp"
#include "settings/values.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace agentmon {
namespace {

constexpr std::string_view prefix = "AGENTMON_";

/// Of the environment, but for emit and the hooks, not for servers.
constexpr std::array<std::string_view, 5> client_variables{"AGENTMON_URL", "AGENTMON_TOKEN", "AGENTMON_INGEST_URL",
                                                           "AGENTMON_VM_NAME", "AGENTMON_CAPTURE_CONTENT"};

/// Texts as given, by variable, with where they come from.
struct given_text {
  std::string text;
  origin from = origin::preset;
};
using given_texts = std::map<std::string_view, given_text>;

const variable* variable_named(std::string_view name) {
  const auto all = variables();
  const auto found = std::find_if(all.begin(), all.end(), [&](const variable& v) { return v.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string unknown_variable(std::string_view where, std::string_view name, std::string_view value) {
  std::vector<std::string_view> names;
  for (const auto& each : variables()) names.push_back(each.name);
  const bool secret = name.find("TOK") != name.npos || name.find("PASSWORD") != name.npos;
  const auto told = secret ? "***" : without_credentials(value.substr(0, 80));
  auto message = std::string{where} + ": there is no setting " + std::string{name} + " (its value: \"" + told + "\")";
  if (const auto near = nearest(name, names); !near.empty()) message += "; did you mean " + std::string{near} + "?";
  return message + "; \"agentmon help\" lists all settings";
}

result<void> take_env_file(given_texts& texts, std::string_view file) {
  const auto entries = parse_env_file(file);
  if (!entries) return tl::unexpected{entries.error()};
  for (const auto& [key, value, line] : *entries) {
    const auto* const known = variable_named(key);
    const auto where = ".env line " + std::to_string(line);
    if (known == nullptr) return fail(fault::invalid, unknown_variable(where, key, value));
    if (!value.empty()) texts.insert_or_assign(known->name, given_text{value, origin::env_file});
  }
  return {};
}

result<void> take_environment(given_texts& texts, const environment_map& environment) {
  for (const auto& [key, value] : environment) {
    const auto* const known = variable_named(key);
    const bool foreign = key.compare(0, prefix.size(), prefix) != 0
                         || std::find(client_variables.begin(), client_variables.end(), key) != client_variables.end();
    if (known == nullptr && !foreign) return fail(fault::invalid, unknown_variable("environment", key, value));
    if (known != nullptr && !value.empty()) texts.insert_or_assign(known->name, given_text{value, origin::environment});
  }
  return {};
}

void take_flags(given_texts& texts, const given_flags& flags) {
  for (const auto& each : variables()) {
    const auto value = flags.value(each.flag);
    if (value && !value->empty()) texts.insert_or_assign(each.name, given_text{std::string{*value}, origin::flag});
  }
}

failure wrong_value(const variable& about, const given_text& given, const std::string& why) {
  const auto name = given.from == origin::flag ? "--" + std::string{about.flag} + " " : std::string{about.name} + "=";
  return {fault::invalid,
          name + shown({&about, given.text, given.from}) + " (" + std::string{to_string(given.from)} + "): " + why};
}

/// The value of one variable into its field and its line.
result<void> apply(configuration& to, const variable& about, given_text given, const environment_map& environment) {
  if (about.is_path && !given.text.empty()) {
    auto expanded = expand(given.text, environment);
    if (!expanded) return tl::unexpected{wrong_value(about, given, expanded.error().message)};
    given.text = std::move(*expanded);
  }
  if (!given.text.empty()) {
    if (const auto done = about.set(to.values, given.text); !done)
      return tl::unexpected{wrong_value(about, given, done.error().message)};
  }
  to.lines.push_back({&about, std::move(given.text), given.from});
  return {};
}

} // namespace

std::string_view to_string(role r) {
  switch (r) {
  case role::ingest: return "ingest";
  case role::processor: return "processor";
  case role::query: return "query";
  case role::ui: return "ui";
  case role::monitor: return "monitor";
  }
  return "?";
}

std::string_view to_string(origin o) {
  switch (o) {
  case origin::preset: return "default";
  case origin::env_file: return ".env";
  case origin::environment: return "environment";
  case origin::flag: return "flag";
  }
  return "?";
}

result<configuration> load(const given_flags& flags, const environment_map& environment,
                           std::string_view env_file_text) {
  given_texts texts;
  if (auto taken = take_env_file(texts, env_file_text); !taken) return tl::unexpected{taken.error()};
  if (auto taken = take_environment(texts, environment); !taken) return tl::unexpected{taken.error()};
  take_flags(texts, flags);

  configuration loaded;
  for (const auto& each : variables()) {
    const auto found = texts.find(each.name);
    auto given = found != texts.end() ? found->second : given_text{std::string{each.preset}, origin::preset};
    if (given.text.empty() && each.derive != nullptr) given.text = each.derive(loaded.values);
    if (auto done = apply(loaded, each, std::move(given), environment); !done) return tl::unexpected{done.error()};
  }
  return loaded;
}

environment_map process_environment() {
  environment_map all;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto equals = text.find('=');
    if (equals != text.npos)
      all.insert_or_assign(std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)});
  }
  return all;
}

result<std::string> read_env_file() {
  std::error_code error;
  if (!std::filesystem::exists(".env", error) && !error) return std::string{};
  std::ifstream file{".env", std::ios::binary};
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    if (file && std::filesystem::is_regular_file(".env", error) && std::filesystem::file_size(".env", error) == 0)
      return std::string{};
    return fail(fault::unavailable, "the file .env in the current folder cannot be read; check its permissions");
  }
  return text.str();
}

std::string shown(const setting_line& line) {
  if (line.value.empty()) return {};
  switch (line.about->secret) {
  case secrecy::none: return line.value;
  case secrecy::credentials: return without_credentials(line.value);
  case secrecy::whole: return "***";
  }
  return {};
}

std::string describe(const configuration& c) {
  std::string text;
  for (const auto& line : c.lines)
    text.append(line.about->name)
        .append("=")
        .append(shown(line))
        .append("  # ")
        .append(to_string(line.from))
        .append("\n");
  return text;
}

std::string example_env_file() {
  std::string text =
      "# Settings of agentmon. Copy this file to .env and take the # away before what you change.\n"
      "# Flags win over the environment, the environment over this file. \"agentmon config\" shows what is in force.\n";
  for (const auto& each : variables())
    text.append("\n# ")
        .append(each.meaning)
        .append(" Allowed: ")
        .append(each.allowed)
        .append("\n#")
        .append(each.name)
        .append("=")
        .append(each.preset)
        .append("\n");
  return text;
}

std::vector<flag> setting_flags() {
  std::vector<flag> flags;
  for (const auto& each : variables()) flags.push_back({each.flag, each.allowed, each.meaning});
  return flags;
}

} // namespace agentmon
