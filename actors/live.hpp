#pragma once
#include "actors/messages.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace agentmon {

/// One thing that a frame can hold: an event, a changed session, a changed machine.
struct live_item {
  std::string kind; ///< the frame's key: "events", "sessions", "vms"
  std::string type; ///< of an event
  std::string session_id;
  std::string framework;
  std::string json;
  uuid id{}; ///< of an event
};

bool wants(const live_filter&, const live_item&);

/// The recent past of the live feed, in frames with rising numbers. Pure: it knows neither viewers nor time.
/// Numbers begin at the process's start time in microseconds, so that they rise over restarts, too.
class live_history {
public:
  struct frame {
    uint64_t sequence;
    size_t bytes;
    std::vector<live_item> items; ///< all of one kind
  };

  explicit live_history(uint64_t first_sequence) : next_{first_sequence} {}

  /// Puts items of one kind into one frame, or several of at most limits::frame_bytes; forgets the oldest beyond
  /// limits::resume_bytes. An event that is still remembered is left out: the bus carries some twice. Gives the number
  /// of new frames.
  size_t add(std::vector<live_item>);

  /// Something is not remembered: a number is used up for it, and nothing before it can be given any more.
  void lose();

  /// The newest `count` frames are frames().end() - count to frames().end().
  const std::deque<frame>& frames() const { return frames_; }

  /// The number of the oldest frame that is still here; of the next one when there is none.
  uint64_t first() const { return frames_.empty() ? next_ : frames_.front().sequence; }

  /// The number that the last frame had.
  uint64_t last() const { return next_ - 1; }

  /// True when everything behind `sequence` is still here.
  bool reaches_back_to(uint64_t sequence) const;

private:
  void push(std::vector<live_item>, size_t bytes);
  void forget_oldest();

  std::deque<frame> frames_;
  std::unordered_set<uuid> known_; ///< the events in frames_
  size_t bytes_ = 0;
  uint64_t next_;
};

/// The frame as a viewer with this filter sees it; empty when nothing in it is for him.
std::string render(const live_history::frame&, const live_filter&);

} // namespace agentmon
