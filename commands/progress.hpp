#pragma once
#include "protocol/limits.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace agentmon {

/// One line on standard error that is written over and over, when that is a terminal; otherwise silent.
class progress_line {
public:
  progress_line();
  ~progress_line() { clear(); }
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  bool is_on_terminal() const { return on_terminal_; }

  /// Is it time to show something new?
  bool is_due() const;
  void show(std::string_view text);

  /// Takes the line away, so that something else can be printed.
  void clear();

private:
  using clock = std::chrono::steady_clock;
  bool on_terminal_;
  bool shown_ = false;
  clock::time_point last_ = clock::now() - limits::progress_line_interval;
};

/// "[#######.......]" of `width` characters for a part of 0 to 1.
std::string bar(double part, size_t width = 30);

/// A whole number with separators: "12 345".
std::string grouped(size_t);

} // namespace agentmon
