#include "commands/commands.hpp"

#include "settings/values.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace agentmon {
namespace {

constexpr std::array config_switches{
    flag{"example", "", "Print the text of .env.example instead."},
};

} // namespace

std::span<const flag> config_flags() { return config_switches; }

int run_config(const invocation& given) {
  std::string text;
  if (given.flags.has("example")) {
    text = example_env_file();
  } else if (given.flags.words.empty()) {
    text = describe(given.config);
  } else {
    for (const auto& name : given.flags.words) {
      const setting_line* found = nullptr;
      for (const auto& line : given.config.lines)
        if (line.about->name == name) found = &line;
      if (found == nullptr)
        return complain("there is no setting " + name + "; \"agentmon config\" lists all"), exit_usage;
      text += shown(*found) + '\n';
    }
  }
  std::fputs(text.c_str(), stdout);
  return exit_ok;
}

result<configuration> load_configuration(const given_flags& flags) {
  const auto file = read_env_file();
  if (!file) return tl::unexpected{file.error()};
  return load(flags, process_environment(), *file);
}

void complain(std::string_view message) {
  std::fprintf(stderr, "agentmon: %.*s\n", static_cast<int>(message.size()), message.data());
}

result<destination> destination_of(const invocation& given) {
  const auto environment = process_environment();
  const auto from = [&](std::string_view name, const char* key) -> std::optional<std::string> {
    if (const auto value = given.flags.value(name)) return std::string{*value};
    const auto found = environment.find(key);
    if (found != environment.end() && !found->second.empty()) return found->second;
    return std::nullopt;
  };
  destination to{from("url", "AGENTMON_URL").value_or(local_url(given.config.values.addr)),
                 from("token", "AGENTMON_TOKEN")};
  if (!to.token) to.token = given.config.values.ingest_token;
  while (!to.url.empty() && to.url.back() == '/') to.url.pop_back();
  constexpr std::string_view path = "/v1/events";
  if (to.url.ends_with(path)) to.url.resize(to.url.size() - path.size());
  if (!to.url.starts_with("http://") && !to.url.starts_with("https://"))
    return fail(fault::invalid, "\"" + to.url + "\" is no URL of a gateway; write --url http://HOST:PORT");
  return to;
}

result<uint64_t> number_flag(const given_flags& flags, std::string_view name, uint64_t otherwise, uint64_t least,
                             uint64_t most) {
  const auto text = flags.value(name);
  if (!text) return otherwise;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size() && number >= least && number <= most) return number;
  return fail(fault::invalid, "--" + std::string{name} + " " + std::string{*text} + ": allowed is a whole number from "
                                  + std::to_string(least) + " to " + std::to_string(most));
}

result<std::chrono::milliseconds> duration_flag(const given_flags& flags, std::string_view name,
                                                std::chrono::milliseconds otherwise) {
  const auto text = flags.value(name);
  if (!text) return otherwise;
  const auto parsed = parse_duration(*text);
  if (parsed) return *parsed;
  return fail(fault::invalid, "--" + std::string{name} + " " + std::string{*text} + ": " + parsed.error().message);
}

} // namespace agentmon
