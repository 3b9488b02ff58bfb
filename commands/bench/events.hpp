#pragma once
#include "protocol/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// `agentmon bench`: what it does is told in docs/operations.md.
namespace agentmon::bench {

/// Makes events as agents send them: 600 to 900 bytes, in sessions of 5 runs of 8 spans (92 events), many sessions at
/// once in random turns. Rendered beforehand, so that an event costs a copy and its ids and time: about 0.2 us.
/// For one thread.
class event_source {
public:
  event_source();

  /// Appends the next event's JSON, as it happened at `at`. Gives its number, from 0, which no other event has.
  uint64_t append(std::string& to, timestamp at);

  /// Appends a JSON array of that many.
  void append_batch(std::string& to, size_t events, timestamp at);

  /// The number that an event's id (36 characters) holds.
  static uint64_t number_in(std::string_view id);

  static constexpr size_t runs_per_session = 5, spans_per_run = 8;
  static constexpr size_t events_per_session = 2 + runs_per_session * (2 + 2 * spans_per_run);

private:
  using id_text = std::array<char, 36>;
  /// The text of an event and where its ids and its time stand in it; nowhere is npos.
  struct event_form {
    std::string text;
    size_t id, ts, session, run, span;
  };
  /// A session on its way.
  struct session {
    size_t story = 0;
    size_t next = 0; ///< of the story's events
    id_text id{}, run{}, span{};
  };
  static std::vector<event_form> make_story(std::mt19937& random, size_t number);
  void write_time(char* to, timestamp at);

  std::vector<std::vector<event_form>> stories_;
  std::vector<session> sessions_;
  std::minstd_rand random_{1};
  uint64_t next_number_ = 0;
  std::chrono::sys_seconds second_{}; ///< that second_text_ tells
  std::string second_text_;           ///< "2026-03-13T12:00:00."
};

} // namespace agentmon::bench
