#pragma once
#include <rapidjson/document.h>

#include <optional>
#include <string>
#include <string_view>

/// Reading the JSON that nodes answer with, as people are told of it. What is missing or of another type is unknown,
/// and shown as an empty text.
namespace agentmon::shell {

using json = rapidjson::Value;

/// As text on one line.
std::string json_of(const json&);

/// A member of an object, or null.
const json& field(const json& object, std::string_view name);

/// The elements of a member that is an array; none when it is not.
json::ConstArray items(const json& object, std::string_view name);

/// A text, number or yes/no as text. Control characters are blanks in it: what agents wrote must not steer a terminal.
std::string text(const json&);
std::string text(const json& object, std::string_view name);

std::optional<double> number(const json& object, std::string_view name);

/// 1234567 as "1,234,567".
std::string count(const json& object, std::string_view name);
/// With one digit behind the point.
std::string rate(const json& object, std::string_view name);
/// "3.2 MiB".
std::string bytes(const json& object, std::string_view name);
/// Milliseconds, as "850 ms", "3.2 s", "12 min", "4 h".
std::string duration(const json& object, std::string_view name);
/// An RFC 3339 time to the second: "2026-03-13T12:00:00Z".
std::string moment(const json& object, std::string_view name);
/// How long ago an RFC 3339 time was: "3 s", "12 min", "4 h", "9 d".
std::string ago(const json& object, std::string_view name);

} // namespace agentmon::shell
