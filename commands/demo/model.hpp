#pragma once
#include <cstdint>
#include <span>
#include <string_view>

/// The world that the demo plays, as data: who works, on what machines, with which tools and models. All of it is
/// invented.
namespace agentmon::demo {

/// A model with its prices in dollars per million tokens.
struct language_model {
  std::string_view name;
  double input;
  double output;
  double cache_read;
  double cache_write;
};

/// What a tool was asked and what it said.
struct tool_use {
  std::string_view input;
  std::string_view output;
};

struct tool_failure {
  std::string_view input;
  std::string_view type;
  std::string_view message;
};

struct tool {
  std::string_view name;
  double weight;       ///< how often it is used, against the others
  double median_ms;    ///< its durations are log-normal around this
  double spread;       ///< their standard deviation, in powers of e
  double failure_rate; ///< of its uses
  bool needs_disk;     ///< fails while the disk is full
  bool is_verbose;     ///< its output is sometimes so long that the hook cuts it
  std::span<const tool_use> uses;
  std::span<const tool_failure> failures;
};

/// What somebody asks an agent, and the agent's answer.
struct errand {
  std::string_view prompt;
  std::string_view answer;
};

/// A kind of agent.
struct profession {
  std::string_view framework;
  std::span<const language_model> models;
  std::span<const tool> tools;
  std::span<const errand> errands;
  std::string_view subagent_tool;
  std::span<const std::string_view> attributes; ///< JSON objects, one of them for each session
  bool works_at_night;                          ///< scheduled chores
};

struct machine {
  std::string_view name;
  std::string_view gateway_version;
  double cpus;
  uint64_t memory_bytes;
  uint64_t disk_bytes;
  double memory_part; ///< usual use, 0 to 1, likewise
  double disk_part;
  double idle_cpu_percent;
  double uptime_days; ///< when the demo begins
  bool sleeps;        ///< paused in the small hours
};

/// One agent on one machine.
struct worker {
  const machine& home;
  const profession& work;
  double minutes_between_sessions; ///< mean, at the busiest time
};

std::span<const machine> machines();
std::span<const worker> workers();

/// The machine that has an incident now and then: its disk fills up until its OpenClaw gateway stops.
const machine& troubled_machine();

/// Why a model call fails.
std::span<const tool_failure> model_failures();

} // namespace agentmon::demo
