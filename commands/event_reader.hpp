#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace agentmon {

/// Cuts a stream of text into single events: lines of JSON (NDJSON), or arrays and objects over many lines. Which of
/// the two it is shows in the first line: an array, or an object that is not closed, means the second. Memory is
/// bounded by limits::event_bytes.
class event_reader {
public:
  /// Takes one piece that should be an event, and the line on which it starts (from 1). A piece that is too large
  /// arrives empty.
  using sink = std::function<void(std::string json, size_t line)>;

  explicit event_reader(sink to) : sink_{std::move(to)} {}

  /// The next bytes of the stream.
  void feed(std::string_view);

  /// The end of the stream: what is still open arrives as it is.
  void finish();

private:
  enum class form { unknown, lines, values };
  void skip_to_first(std::string_view&);
  void feed_line(std::string_view part);
  void feed_value(char);
  void end_of_first_line();
  void keep(char);
  void emit();

  sink sink_;
  form form_ = form::unknown;
  std::string piece_;
  bool too_large_ = false;
  size_t line_ = 1;       ///< that the next byte lies on
  size_t piece_line_ = 1; ///< that the piece started on
  size_t depth_ = 0;      ///< of brackets inside the piece
  bool in_array_ = false; ///< between the brackets around the events
  bool in_string_ = false;
  bool escaped_ = false;
};

} // namespace agentmon
