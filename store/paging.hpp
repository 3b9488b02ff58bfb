#pragma once
#include "store/parameters.hpp"
#include "store/reading.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace agentmon::store {

/// A cursor as clients hold it: base64url, nothing to read in it.
std::string encode_cursor(const page_cursor&);
std::optional<page_cursor> decode_cursor(std::string_view);

/// A condition that all sessions with an event since the begin of a day (the name of a parameter) meet. Those that
/// nobody ended pile up, and no index knows a session's latest event; most that are lively began on that day, and the
/// table of days is looked at only when there are others.
std::string lively_since(const std::string& day);

/// The conditions of a query, with their parameters numbered in the order they come.
class conditions {
public:
  /// `before` and the parameter, as both("ts >= ", from).
  template <class T>
  conditions& both(std::string_view before, const T& value, std::string_view after = "") {
    text_ += (text_.empty() ? "WHERE " : "\n  AND ") + std::string{before} + next(value) + std::string{after};
    return *this;
  }
  /// The same, if there is something to compare with.
  conditions& if_any(std::string_view before, const std::string& value) {
    return value.empty() ? *this : both(before, value);
  }
  /// A condition without a parameter.
  conditions& plain(std::string_view condition) {
    text_ += (text_.empty() ? "WHERE " : "\n  AND ") + std::string{condition};
    return *this;
  }
  /// Adds a parameter and gives its name, "$3".
  template <class T>
  std::string next(const T& value) {
    with_.add(value);
    return '$' + std::to_string(with_.size());
  }
  /// A branch of a UNION ALL that has these conditions and some of its own.
  conditions& open_branch() {
    common_ = text_;
    return *this;
  }
  std::string close_branch() { return std::exchange(text_, common_); }
  const std::string& text() const { return text_; }
  const parameters& with() const { return with_; }

private:
  std::string text_;
  std::string common_;
  parameters with_;
};

} // namespace agentmon::store
