#pragma once
#include "commands/demo/dice.hpp"
#include "commands/demo/timeline.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace agentmon::demo {

/// One event of a session that was planned.
struct step {
  timestamp at; ///< played time
  uuid id;
  std::string_view type;
  std::string session_id;
  std::string run_id;
  std::string span_id;
  std::string parent_span_id;
  std::string trace_id;
  std::string kind; ///< of a span, likewise name
  std::string name;
  timestamp began; ///< of an end: when its beginning was
  std::string attributes;
  std::string payload;

  bool is_start() const { return type.ends_with(".start"); }
  bool is_end() const { return type.ends_with(".end"); }

  /// What its start and its end have in common.
  std::string thing() const { return std::string{type.substr(0, type.find('.'))} + session_id + run_id + span_id; }
};

/// A whole session of a worker that begins at `start`, in the order of time: runs of model calls and tool calls, with
/// failures, sub-agents and compactions; each start has its end.
std::vector<step> plan_session(const worker&, const timeline&, dice&, timestamp start);

/// The payload of an end that comes early, because somebody stopped the agent; `now` is the time that events show.
std::string aborted_payload(const step&, const timeline&, timestamp now);

} // namespace agentmon::demo
