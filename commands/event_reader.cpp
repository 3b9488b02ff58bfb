#include "commands/event_reader.hpp"

#include "protocol/limits.hpp"

#include <algorithm>
#include <utility>

namespace agentmon {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool all_blank(std::string_view text) { return std::all_of(text.begin(), text.end(), is_blank); }

/// Does a line open more brackets than it closes?
bool goes_on(std::string_view line) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (in_string) {
      if (line[i] == '\\')
        ++i;
      else if (line[i] == '"')
        in_string = false;
    } else if (line[i] == '"') {
      in_string = true;
    } else if (line[i] == '{' || line[i] == '[') {
      ++depth;
    } else if (line[i] == '}' || line[i] == ']') {
      --depth;
    }
  }
  return depth > 0 && !in_string;
}

} // namespace

void event_reader::feed(std::string_view text) {
  skip_to_first(text);
  while (!text.empty()) {
    if (form_ == form::values) {
      for (const char c : text) feed_value(c);
      return;
    }
    const auto end = std::min(text.find('\n'), text.size());
    feed_line(text.substr(0, end));
    if (end == text.size()) return;
    text.remove_prefix(end + 1);
    if (form_ == form::unknown) end_of_first_line();
    if (form_ == form::lines) {
      emit();
      ++line_;
    }
  }
}

/// Takes off what stands before the first event; an array tells its form at once.
void event_reader::skip_to_first(std::string_view& text) {
  if (form_ != form::unknown || !piece_.empty() || too_large_) return;
  while (!text.empty() && is_blank(text.front())) {
    if (text.front() == '\n') ++line_;
    text.remove_prefix(1);
  }
  if (!text.empty() && text.front() == '[') form_ = form::values;
}

void event_reader::feed_line(std::string_view part) {
  if (piece_.empty()) piece_line_ = line_;
  if (piece_.size() + part.size() > limits::event_bytes) {
    too_large_ = true;
    piece_.clear();
  }
  if (!too_large_) piece_ += part;
}

/// Decides on the form once there is a line, and in the second form goes over that line again.
void event_reader::end_of_first_line() {
  form_ = goes_on(piece_) ? form::values : form::lines;
  if (form_ == form::lines) return;
  const auto again = std::exchange(piece_, {});
  for (const char c : again) feed_value(c);
  feed_value('\n');
}

void event_reader::keep(char c) {
  if (piece_.empty() && !too_large_) piece_line_ = line_;
  if (piece_.size() >= limits::event_bytes) {
    piece_.clear();
    too_large_ = true;
  }
  if (!too_large_) piece_ += c;
}

void event_reader::feed_value(char c) {
  const bool inside = depth_ > 0 || in_string_;
  if (in_string_) {
    keep(c);
    if (escaped_)
      escaped_ = false;
    else if (c == '\\')
      escaped_ = true;
    else if (c == '"')
      in_string_ = false;
  } else if (c == '[' && !inside && !in_array_ && piece_.empty()) {
    in_array_ = true;
  } else if (!inside && (is_blank(c) || c == ',' || c == ']')) {
    emit();
    if (c == ']') in_array_ = false;
  } else {
    keep(c);
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') ++depth_;
    if ((c == '}' || c == ']') && depth_ > 0 && --depth_ == 0) emit();
  }
  if (c == '\n') ++line_;
}

void event_reader::emit() {
  if (!all_blank(piece_) || too_large_) sink_(std::move(piece_), piece_line_);
  piece_.clear();
  too_large_ = false;
}

void event_reader::finish() {
  if (form_ == form::unknown) end_of_first_line();
  emit();
}

} // namespace agentmon
