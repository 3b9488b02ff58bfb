#pragma once
#include "protocol/limits.hpp"
#include "protocol/plain_text.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

/// JSON text (RFC 8259), gone through once and without copies.
namespace agentmon {

enum class value_type : uint8_t { null, boolean, number, string, object, array };

/// A string as it stands in the text, without its quotes.
struct json_string {
  std::string_view raw;
  bool is_escaped = false; ///< holds at least one backslash

  /// The characters that it means, in UTF-8. Half a surrogate pair becomes the three bytes that are no UTF-8.
  std::string unescaped() const;
};

struct json_fault {
  const char* what;
  size_t at; ///< offset of the byte
};

/// Tells a handler what stands where, in the order of the text:
///   bool open(value_type, size_t at), bool close(size_t end)   an object or array, from its bracket until behind it
///   bool key(const json_string&), bool scalar(value_type, const json_string&)
/// A handler that answers false ends it, which is no fault. The text is UTF-8 already; nothing behind the value but
/// white space is allowed.
template <class Handler>
class json_reader {
public:
  json_reader(std::string_view text, Handler& to)
      : begin_{text.data()}, end_{text.data() + text.size()}, at_{begin_}, to_{to} {}

  std::optional<json_fault> read() {
    while (next_value()) {
    }
    return fault_;
  }

private:
  /// Reads one value, or the beginning of one that holds others, and what closes behind it; false at the end.
  bool next_value() {
    if (is_in_object() && !member()) return false;
    bool has_opened = false;
    if (!value(has_opened)) return false;
    return has_opened || behind_value();
  }

  bool behind_value() {
    for (;;) {
      skip_space();
      if (depth_ == 0) return at_ != end_ && fail("something stands behind its end");
      const char closing = closings_[depth_ - 1];
      if (take(',')) return true;
      if (!take(closing)) return fail(closing == '}' ? "a comma or } is missing" : "a comma or ] is missing");
      --depth_;
      if (!to_.close(offset())) return false;
    }
  }

  bool member() {
    skip_space();
    json_string name;
    if (!take('"')) return fail("a name in quotes is missing");
    if (!string(name) || !to_.key(name)) return false;
    skip_space();
    return take(':') || fail("a colon is missing");
  }

  bool value(bool& has_opened) {
    skip_space();
    if (at_ == end_) return fail("it ends too early");
    switch (*at_) {
    case '{': return open(value_type::object, '}', has_opened);
    case '[': return open(value_type::array, ']', has_opened);
    case '"': return text();
    case 't': return word("true", value_type::boolean);
    case 'f': return word("false", value_type::boolean);
    case 'n': return word("null", value_type::null);
    default: return number();
    }
  }

  bool open(value_type type, char closing, bool& has_opened) {
    if (!to_.open(type, offset())) return false;
    if (depth_ == closings_.size()) return fail("it is nested too deep");
    ++at_;
    closings_[depth_++] = closing;
    skip_space();
    has_opened = at_ == end_ || *at_ != closing;
    return true;
  }

  bool text() {
    ++at_;
    json_string it;
    return string(it) && to_.scalar(value_type::string, it);
  }

  /// From behind the first quote until behind the last.
  bool string(json_string& to) {
    const char* const from = at_;
    while ((at_ = plain_text::end_of_run(at_, end_)) != end_ && *at_ != '"') {
      if (*at_ != '\\') return fail("a control character stands in a string");
      to.is_escaped = true;
      if (!escape()) return fail("a string holds an escape that JSON does not know");
    }
    if (at_ == end_) return fail("a string does not end");
    to.raw = {from, static_cast<size_t>(at_ - from)};
    ++at_;
    return true;
  }

  bool escape() {
    if (end_ - at_ < 2) return false;
    const char kind = at_[1];
    if (kind != 'u') {
      if (std::strchr("\"\\/bfnrt", kind) == nullptr || kind == '\0') return false;
      at_ += 2;
      return true;
    }
    if (end_ - at_ < 6) return false;
    for (int i = 2; i < 6; ++i)
      if (hex_digit(at_[i]) < 0) return false;
    at_ += 6;
    return true;
  }

  bool word(std::string_view wanted, value_type type) {
    if (!std::string_view{at_, static_cast<size_t>(end_ - at_)}.starts_with(wanted)) return fail("a value is missing");
    at_ += wanted.size();
    return to_.scalar(type, {});
  }

  bool number() {
    const char* const from = at_;
    take('-');
    const char* const whole = at_;
    if (!digits()) return fail(at_ == from ? "a value is missing" : "a number has no digits");
    if (*whole == '0' && at_ - whole > 1) return fail("a number begins with 0");
    if (take('.') && !digits()) return fail("a number has no digits behind its point");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return fail("a number has no digits in its exponent");
    }
    return to_.scalar(value_type::number, {{from, static_cast<size_t>(at_ - from)}});
  }

  bool digits() {
    const char* const from = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != from;
  }

  bool is_in_object() const { return depth_ > 0 && closings_[depth_ - 1] == '}'; }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool take(char wanted) {
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  bool fail(const char* what) {
    fault_ = json_fault{what, offset()};
    return false;
  }

  static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
  }

  const char* const begin_;
  const char* const end_;
  const char* at_;
  Handler& to_;
  std::array<char, limits::json_depth + 1> closings_{}; ///< of what is open; an array around events is not counted
  size_t depth_ = 0;
  std::optional<json_fault> fault_;
};

} // namespace agentmon
