#include "protocol/limits.hpp"
#include "protocol/utf_8.hpp"
#include "store/paging.hpp"
#include "store/reading.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace agentmon::store {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string base64url(std::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += alphabet[(bits >> (count - 6)) & 63];
  }
  if (count > 0) text += alphabet[(bits << (6 - count)) & 63];
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<uint32_t>(value);
    if (count += 6; count >= 8) bytes += static_cast<char>((bits >> (count -= 8)) & 255);
  }
  return bytes;
}

/// Takes the parameters of a request one by one and remembers the first fault.
class taker {
public:
  taker(const query_parameters& from, std::initializer_list<std::string_view> allowed) : from_{from} {
    for (const auto& [name, value] : from) {
      if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
        fault("there is no parameter " + name.substr(0, 80) + " here; " + listed(allowed));
      else if (from.count(name) > 1)
        fault("the parameter " + name + " is given more than once");
      else if (value.find('\0') != std::string::npos)
        fault("the parameter " + name + " holds a NUL character");
      else if (!is_utf_8(value))
        fault("the parameter " + name + " is not UTF-8");
    }
  }

  /// Empty when absent; an empty value is as good as absent.
  std::string text(const std::string& name, size_t longest = 4 * limits::id_characters) {
    const auto found = from_.find(name);
    if (found == from_.end()) return {};
    if (found->second.size() > longest) fault(name + " is longer than " + std::to_string(longest) + " bytes");
    return found->second;
  }

  size_t limit() {
    const auto value = text("limit");
    if (value.empty()) return limits::page_rows_default;
    size_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size() || number < 1 || number > limits::page_rows)
      refuse("limit", value, "a whole number from 1 to " + std::to_string(limits::page_rows));
    return number;
  }

  std::optional<timestamp> time(const std::string& name) {
    const auto value = text(name);
    if (value.empty()) return std::nullopt;
    const auto at = parse_time(value);
    if (!at) refuse(name, value, at.error().message);
    return at ? std::optional{*at} : std::nullopt;
  }

  std::optional<page_cursor> cursor() {
    const auto value = text("cursor", 8 * limits::id_characters);
    if (value.empty()) return std::nullopt;
    auto place = decode_cursor(value);
    if (!place) refuse("cursor", value, "pass next_cursor of the page before as it is, or nothing");
    return place;
  }

  void refuse(std::string_view name, std::string_view value, const std::string& rule) {
    fault(std::string{name} + "=" + std::string{value.substr(0, 80)} + " is not allowed: " + rule);
  }

  template <class T>
  result<T> give(T filter) const {
    if (fault_) return tl::unexpected{*fault_};
    return filter;
  }

private:
  static std::string listed(std::initializer_list<std::string_view> allowed) {
    std::string names;
    for (const auto name : allowed) names += (names.empty() ? "" : ", ") + std::string{name};
    return names.empty() ? "it takes none" : "allowed are " + names;
  }
  void fault(std::string message) {
    if (!fault_) fault_ = failure{fault::invalid, std::move(message)};
  }
  const query_parameters& from_;
  std::optional<failure> fault_;
};

} // namespace

std::string encode_cursor(const page_cursor& place) {
  std::string bytes;
  binary::append_integer<int64_t>(bytes, place.ts.time_since_epoch().count());
  return base64url(bytes + place.id);
}

std::optional<page_cursor> decode_cursor(std::string_view text) {
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() < sizeof(int64_t)) return std::nullopt;
  const timestamp at{std::chrono::microseconds{binary::read_integer<int64_t>(*bytes)}};
  auto id = bytes->substr(sizeof(int64_t));
  const auto last = timestamp{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};
  if (at < timestamp{} || at >= last || id.find('\0') != std::string::npos || !is_utf_8(id)) return std::nullopt;
  return page_cursor{at, std::move(id)};
}

result<event_filter> parse_event_filter(const query_parameters& from) {
  taker take{from, {"event_type", "framework", "host", "session_id", "q", "cursor", "limit"}};
  event_filter filter{take.text("event_type"), take.text("framework"), take.text("host"), take.text("session_id"),
                      take.text("q"),          take.cursor(),          take.limit()};
  if (filter.cursor && !parse_uuid(filter.cursor->id))
    take.refuse("cursor", from.find("cursor")->second, "it is not of a list of events");
  return take.give(std::move(filter));
}

result<session_filter> parse_session_filter(const query_parameters& from) {
  static constexpr std::array<std::string_view, 6> words{"active", "stale", "success", "error", "aborted", "ended"};
  taker take{from, {"from", "to", "framework", "host", "status", "cursor", "limit"}};
  session_filter filter{take.time("from"), take.time("to"),     take.text("framework"),
                        take.text("host"), take.text("status"), take.cursor(),
                        take.limit()};
  if (!filter.status.empty() && std::find(words.begin(), words.end(), filter.status) == words.end())
    take.refuse("status", filter.status, "active, stale, success, error, aborted or ended");
  return take.give(std::move(filter));
}

result<time_window> parse_window(const query_parameters& from) {
  using std::chrono::hours;
  using std::chrono::seconds;
  static const std::array<time_window, 4> windows{{{"1h", hours{1}, seconds{60}},
                                                   {"6h", hours{6}, seconds{60}},
                                                   {"24h", hours{24}, seconds{900}},
                                                   {"7d", hours{168}, seconds{7200}}}};
  taker take{from, {"window"}};
  const auto name = take.text("window");
  if (name.empty()) return take.give(windows.front());
  const auto* const found =
      std::find_if(windows.begin(), windows.end(), [&](const time_window& w) { return w.name == name; });
  if (found != windows.end()) return take.give(*found);
  take.refuse("window", name, "1h, 6h, 24h or 7d");
  return take.give(windows.front());
}

result<void> parse_nothing(const query_parameters& from) {
  return taker{from, {}}.give(true).map([](bool) {});
}

result<runs_page> parse_runs_page(const query_parameters& from) {
  taker take{from, {"cursor", "limit"}};
  runs_page page{take.cursor(), from.count("limit") > 0 ? take.limit() : limits::page_rows};
  return take.give(std::move(page));
}

result<std::string> parse_run_session(const query_parameters& from) {
  taker take{from, {"session_id"}};
  return take.give(take.text("session_id"));
}

} // namespace agentmon::store
