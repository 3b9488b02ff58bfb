#pragma once
#include "commands/demo/session.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::demo {

/// An event of the demo.
struct demo_event {
  timestamp ts;     ///< as in its envelope
  std::string json; ///< the envelope
  std::string_view type;
  std::string_view machine;
};

/// All that the machines and the agents do, one event after the other in the order of time. The same seed and timeline
/// give the same events, with the same ids. Memory is bounded by one session of each agent.
class life {
public:
  life(const timeline&, uint64_t seed);

  /// The next event; nothing when the timeline has come to its end (which a live one never does).
  std::optional<demo_event> next();

  /// The ends, as aborted at `now`, of whatever has begun and not ended. After it there is nothing more.
  std::vector<demo_event> close(timestamp now);

private:
  struct actor {
    const worker* who;
    dice chance;
    std::deque<step> planned;
    timestamp free_from; ///< when the next session may begin
  };
  struct sensor {
    const machine* of;
    dice chance;
    timestamp next;
  };

  void plan(actor&) const;
  demo_event told(const actor&, const step&, timestamp ts) const;
  demo_event read(sensor&) const;

  timeline world_;
  std::vector<actor> actors_;
  std::vector<sensor> sensors_;
};

} // namespace agentmon::demo
