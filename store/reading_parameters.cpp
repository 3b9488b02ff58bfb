#include "protocol/limits.hpp"
#include "protocol/utf_8.hpp"
#include "store/paging.hpp"
#include "store/reading.hpp"
#include "store/rollups.hpp"

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

  /// One of some words, or several with commas between.
  template <class Words>
  std::vector<std::string> words(const std::string& name, const Words& allowed) {
    const auto list = text(name);
    std::vector<std::string> taken;
    for (size_t from = 0; !list.empty() && from <= list.size();) {
      const auto comma = std::min(list.find(',', from), list.size());
      auto word = list.substr(from, comma - from);
      if (std::find(allowed.begin(), allowed.end(), word) == allowed.end()) refuse(name, word, any_of(allowed));
      if (std::find(taken.begin(), taken.end(), word) == taken.end()) taken.push_back(std::move(word));
      from = comma + 1;
    }
    return taken;
  }

  template <class Words>
  std::string word(const std::string& name, const Words& allowed) {
    auto given = text(name);
    if (!given.empty() && std::find(allowed.begin(), allowed.end(), given) == allowed.end())
      refuse(name, given, any_of(allowed));
    return given;
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
  template <class Words>
  static std::string any_of(const Words& allowed) {
    std::string words;
    for (const auto word : allowed)
      words.append(words.empty() ? "" : word == allowed.back() ? " or " : ", ").append(word);
    return words;
  }
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

using std::chrono::hours;
using std::chrono::seconds;

timestamp floor_to(seconds step, timestamp at) { return timestamp{at.time_since_epoch() / step * step}; }
timestamp ceil_to(seconds step, timestamp at) { return floor_to(step, at + step - timestamp::duration{1}); }

/// The finest of the rollups' steps with which a chart has no more points than it may, else the coarsest.
seconds step_of(timestamp from, timestamp to) {
  for (const auto resolution : resolutions) {
    const seconds step{resolution};
    if ((ceil_to(step, to) - floor_to(step, from)) / step <= limits::series_points) return step;
  }
  return seconds{resolutions.back()};
}

/// So long until now, in whole steps, the last being the one in which `now` lies.
asked_time window_of(const std::string& name, hours length, timestamp now) {
  const auto step = step_of(timestamp{}, timestamp{length});
  const auto end = floor_to(step, now) + step;
  return {name, end - length, end, step};
}

asked_time take_time_asked(taker& take, timestamp now) {
  static const std::map<std::string, hours> windows{
      {"1h", hours{1}}, {"6h", hours{6}}, {"24h", hours{24}}, {"7d", hours{168}}};
  const auto name = take.text("window");
  const auto from = take.time("from"), to = take.time("to");
  auto otherwise = window_of("1h", hours{1}, now);
  if (!from && !to) {
    const auto found = windows.find(name.empty() ? "1h" : name);
    if (found != windows.end()) return window_of(found->first, found->second, now);
    take.refuse("window", name, "1h, 6h, 24h or 7d");
    return otherwise;
  }
  if (!name.empty()) take.refuse("window", name, "give it, or from and to, but not both");
  if (!from) {
    take.refuse("to", format_time(*to), "it needs from, too");
    return otherwise;
  }
  const auto end = to.value_or(now);
  if (*from >= end) {
    take.refuse("from", format_time(*from), "it must be before to, which is " + format_time(end));
    return otherwise;
  }
  if (end - *from > limits::range_longest) {
    take.refuse("from", format_time(*from),
                "from there to " + format_time(end) + " are more than "
                    + std::to_string(limits::range_longest / std::chrono::days{1}) + " days");
    return otherwise;
  }
  return {"", *from, end, step_of(*from, end)};
}

} // namespace

std::string lively_since(const std::string& day) {
  return "(first_ts >= " + day + " OR session_id IN (SELECT session_id FROM session_days WHERE day >= " + day
         + "::date))";
}

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
  taker take{from, {"event_type", "framework", "host", "session_id", "q", "from", "to", "cursor", "limit"}};
  event_filter filter{take.text("event_type"), take.text("framework"), take.text("host"), take.text("session_id"),
                      take.text("q"),          take.time("from"),      take.cursor(),     take.limit()};
  if (filter.cursor && !parse_uuid(filter.cursor->id))
    take.refuse("cursor", from.find("cursor")->second, "it is not of a list of events");
  if (const auto to = take.time("to"); to && (!filter.cursor || *to <= filter.cursor->ts))
    filter.cursor = page_cursor{*to, to_string(uuid{})};
  return take.give(std::move(filter));
}

result<session_filter> parse_session_filter(const query_parameters& from) {
  taker take{from, {"from", "to", "framework", "host", "client_id", "status", "q", "order", "cursor", "limit"}};
  const auto order = take.word("order", std::array<std::string_view, 2>{"newest", "attention"});
  session_filter filter{take.time("from"), take.time("to"),        take.text("framework"),
                        take.text("host"), take.text("client_id"), take.words("status", session_statuses),
                        take.text("q"),    order == "attention",   take.cursor(),
                        take.limit()};
  if (filter.attention_first && filter.cursor && filter.cursor->id.find_first_of("01234") != 0)
    take.refuse("cursor", from.find("cursor")->second, "it is not of a list with order=attention");
  return take.give(std::move(filter));
}

result<run_filter> parse_run_filter(const query_parameters& from) {
  taker take{from, {"from", "to", "session_id", "framework", "host", "client_id", "status", "cursor", "limit"}};
  run_filter filter{take.time("from"),
                    take.time("to"),
                    take.text("session_id"),
                    take.text("framework"),
                    take.text("host"),
                    take.text("client_id"),
                    take.words("status", run_statuses),
                    take.cursor(),
                    take.limit()};
  if (filter.cursor && filter.cursor->id.find('\n') == std::string::npos)
    take.refuse("cursor", from.find("cursor")->second, "it is not of a list of runs");
  return take.give(std::move(filter));
}

result<asked_time> parse_time_asked(const query_parameters& from, timestamp now) {
  taker take{from, {"window", "from", "to"}};
  auto time = take_time_asked(take, now);
  return take.give(std::move(time));
}

result<series_filter> parse_series_filter(const query_parameters& from, timestamp now) {
  taker take{from, {"window", "from", "to", "framework"}};
  series_filter filter{take_time_asked(take, now), take.text("framework")};
  return take.give(std::move(filter));
}

result<void> parse_nothing(const query_parameters& from) {
  return taker{from, {}}.give(true).map([](bool) {});
}

result<runs_page> parse_runs_page(const query_parameters& from) {
  taker take{from, {"cursor", "limit"}};
  runs_page page{take.cursor(), from.count("limit") > 0 ? take.limit() : limits::page_rows};
  return take.give(std::move(page));
}

result<run_view> parse_run_view(const query_parameters& from) {
  taker take{from, {"session_id", "view"}};
  const auto view = take.word("view", std::array<std::string_view, 2>{"full", "outline"});
  return take.give(run_view{take.text("session_id"), view == "outline"});
}

result<span_address> parse_span_address(const query_parameters& from) {
  taker take{from, {"session_id", "span_id"}};
  return take.give(span_address{take.text("session_id"), take.text("span_id")});
}

result<std::optional<timestamp>> parse_event_time(const query_parameters& from) {
  taker take{from, {"ts"}};
  return take.give(take.time("ts"));
}

} // namespace agentmon::store
