#pragma once
#include "settings/flags.hpp"
#include "settings/settings.hpp"

#include <span>
#include <string>
#include <string_view>

namespace agentmon {

/// Exit statuses that all commands share; 1 and 2 mean what each command says.
constexpr int exit_ok = 0;
constexpr int exit_problem = 1;
constexpr int exit_unreachable = 2;
constexpr int exit_usage = 64; ///< a wrong command line, a wrong setting (sysexits.h)

/// What a command is given: the settings in force, and its own flags and words.
struct invocation {
  configuration config;
  given_flags flags;
};

/// One command of `agentmon`.
struct command {
  std::string_view name;
  std::string_view arguments; ///< for people
  std::string_view meaning;
  std::span<const flag> flags; ///< its own, beside those of the settings
  int (*run)(const invocation&);
};

std::span<const flag> emit_flags();
std::span<const flag> demo_flags();
std::span<const flag> doctor_flags();
std::span<const flag> hooks_flags();
std::span<const flag> vms_flags();
std::span<const flag> keys_flags();
std::span<const flag> config_flags();
std::span<const flag> bench_flags();

/// Sends events to a gateway; 0: all accepted, 1: some rejected, 2: not delivered.
int run_emit(const invocation&);

/// Plays three agents at work; 0: all accepted, 1: some rejected, 2: not delivered.
int run_demo(const invocation&);

/// Looks whether everything is in order; 1: something is not.
int run_doctor(const invocation&);

/// Makes OpenClaw, Codex or Claude Code on this machine report; 0: done and arrived, 1: not done, 2: done, but the
/// gateway is away.
int run_hooks(const invocation&);

/// Proposes a registry of machines, or looks through one, without any of our servers; 1: not done, or not right.
int run_vms(const invocation&);

/// Makes, lists and revokes access keys in the database; 1: not done, 2: no database.
int run_access_keys(const invocation&);

/// Prints the settings in force.
int run_config(const invocation&);

/// Measures a private instance against the limits of this machine; 1: something failed, or an event was lost.
int run_bench(const invocation&);

/// The settings from flags, this process's environment and .env.
result<configuration> load_configuration(const given_flags&);

/// Says on standard error what went wrong.
void complain(std::string_view message);

/// The URL and the token of the gateway to send to: --url, --token, else AGENTMON_URL and AGENTMON_TOKEN of the
/// environment, else what the settings say about this machine's gateway.
struct destination {
  std::string url;
  std::optional<std::string> token;
};
result<destination> destination_of(const invocation&);

/// The value of a flag that is a whole number.
result<uint64_t> number_flag(const given_flags&, std::string_view name, uint64_t otherwise, uint64_t least,
                             uint64_t most);

/// The value of a flag that is a duration, as 30s.
result<std::chrono::milliseconds> duration_flag(const given_flags&, std::string_view name,
                                                std::chrono::milliseconds otherwise);

} // namespace agentmon
