#include "protocol/time.hpp"

namespace agentmon {
namespace {

/// Reads exactly `digits` decimal digits and moves on; false when there are fewer.
bool take_number(std::string_view& text, size_t digits, int& to) {
  if (text.size() < digits) return false;
  to = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    to = to * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// The fraction of a second in microseconds; further digits are read and dropped.
bool take_fraction(std::string_view& text, int& micros) {
  micros = 0;
  if (!take(text, ".")) return true;
  size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits)
    if (digits < 6) micros = micros * 10 + (text.front() - '0');
  for (size_t i = digits; i < 6; ++i) micros *= 10;
  return digits > 0;
}

bool take_zone(std::string_view& text, std::chrono::minutes& offset) {
  offset = {};
  if (take(text, "Zz")) return text.empty();
  const bool west = !text.empty() && text.front() == '-';
  int hours = 0, minutes = 0;
  if (!take(text, "+-") || !take_number(text, 2, hours) || !take(text, ":") || !take_number(text, 2, minutes))
    return false;
  if (hours > 23 || minutes > 59) return false;
  offset = std::chrono::hours{hours} + std::chrono::minutes{minutes};
  if (west) offset = -offset;
  return text.empty();
}

/// Exactly `digits` decimal digits, and what follows them.
void append_number(std::string& text, size_t digits, int number, char then) {
  text.resize(text.size() + digits, '0');
  for (auto at = text.size(); number > 0 && digits > 0; number /= 10, --digits)
    text[--at] = static_cast<char>('0' + number % 10);
  text += then;
}

} // namespace

result<timestamp> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto wrong = [&] {
    return fail(fault::invalid, "must be an RFC 3339 time with a zone, as 2026-03-13T12:00:00.123Z");
  };
  int y = 0, m = 0, d = 0, hour = 0, minute = 0, second = 0, micros = 0;
  std::chrono::minutes offset{};
  if (!take_number(text, 4, y) || !take(text, "-") || !take_number(text, 2, m) || !take(text, "-")
      || !take_number(text, 2, d) || !take(text, "Tt ") || !take_number(text, 2, hour) || !take(text, ":")
      || !take_number(text, 2, minute) || !take(text, ":") || !take_number(text, 2, second)
      || !take_fraction(text, micros) || !take_zone(text, offset))
    return wrong();
  const auto date = year{y} / month{static_cast<unsigned>(m)} / day{static_cast<unsigned>(d)};
  if (y < 1970 || !date.ok() || hour > 23 || minute > 59 || second > 60) return wrong();
  const timestamp at =
      sys_days{date} + hours{hour} + std::chrono::minutes{minute} + seconds{second} + microseconds{micros} - offset;
  if (at < timestamp{} || at >= sys_days{year{10000} / January / 1}) return wrong();
  return at;
}

std::string format_time(timestamp at) {
  using namespace std::chrono;
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> clock{at - day};
  const auto micros = static_cast<int>(clock.subseconds().count());
  std::string text;
  text.reserve(27);
  append_number(text, 4, static_cast<int>(date.year()), '-');
  append_number(text, 2, static_cast<int>(static_cast<unsigned>(date.month())), '-');
  append_number(text, 2, static_cast<int>(static_cast<unsigned>(date.day())), 'T');
  append_number(text, 2, static_cast<int>(clock.hours().count()), ':');
  append_number(text, 2, static_cast<int>(clock.minutes().count()), ':');
  append_number(text, 2, static_cast<int>(clock.seconds().count()), '.');
  if (micros % 1000 == 0)
    append_number(text, 3, micros / 1000, 'Z');
  else
    append_number(text, 6, micros, 'Z');
  return text;
}

timestamp now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

} // namespace agentmon
