#include "shell/json_view.hpp"

#include "protocol/time.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace agentmon::shell {
namespace {

std::string printed(const char* format, double value) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), format, value);
  return out.data();
}

std::string printable(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) text[i] = ' ';
    // U+0080 to U+009F, among them another way to begin an escape sequence.
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) text.replace(i, 2, " ");
  }
  return text;
}

/// In one unit, of which there are at least two.
std::string long_time(int64_t seconds) {
  constexpr int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
  if (seconds < 2 * minute) return std::to_string(seconds) + " s";
  if (seconds < 2 * hour) return std::to_string(seconds / minute) + " min";
  if (seconds < 2 * day) return std::to_string(seconds / hour) + " h";
  return std::to_string(seconds / day) + " d";
}

} // namespace

std::string json_of(const json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

const json& field(const json& object, std::string_view name) {
  static const json null;
  if (!object.IsObject()) return null;
  const auto found =
      object.FindMember(json{rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))});
  return found == object.MemberEnd() ? null : found->value;
}

json::ConstArray items(const json& object, std::string_view name) {
  static const json none{rapidjson::kArrayType};
  const auto& found = field(object, name);
  return found.IsArray() ? found.GetArray() : none.GetArray();
}

std::string text(const json& value) {
  if (value.IsString()) return printable({value.GetString(), value.GetStringLength()});
  if (value.IsBool()) return value.GetBool() ? "yes" : "no";
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  if (value.IsNumber()) return printed("%g", value.GetDouble());
  return {};
}

std::string text(const json& object, std::string_view name) { return text(field(object, name)); }

std::optional<double> number(const json& object, std::string_view name) {
  const auto& value = field(object, name);
  return value.IsNumber() ? std::optional{value.GetDouble()} : std::nullopt;
}

std::string count(const json& object, std::string_view name) {
  const auto value = number(object, name);
  if (!value) return {};
  auto digits = std::to_string(std::llround(*value));
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (digits[0] == '-' ? 1 : 0); at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string rate(const json& object, std::string_view name) {
  const auto value = number(object, name);
  return value ? printed("%.1f", *value) : std::string{};
}

std::string bytes(const json& object, std::string_view name) {
  auto value = number(object, name);
  if (!value) return {};
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; *value >= 1024 && unit + 1 < units.size(); ++unit) *value /= 1024;
  return printed(unit == 0 ? "%.0f " : "%.1f ", *value) + units[unit];
}

std::string duration(const json& object, std::string_view name) {
  const auto milliseconds = number(object, name);
  if (!milliseconds) return {};
  if (*milliseconds < 1000) return printed("%.0f ms", *milliseconds);
  if (*milliseconds < 120'000) return printed("%.1f s", *milliseconds / 1000);
  return long_time(std::llround(*milliseconds / 1000));
}

std::string moment(const json& object, std::string_view name) {
  auto time = text(object, name);
  if (const auto point = time.find('.'); point != time.npos) time.erase(point, time.find('Z', point) - point);
  return time;
}

std::string ago(const json& object, std::string_view name) {
  const auto at = parse_time(text(object, name));
  if (!at) return {};
  return long_time(std::max<int64_t>(0, std::chrono::floor<std::chrono::seconds>(now() - *at).count()));
}

} // namespace agentmon::shell
