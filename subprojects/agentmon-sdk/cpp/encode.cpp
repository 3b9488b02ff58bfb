#include "encode.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <random>
#include <sys/random.h>
#include <type_traits>

namespace agentmon::sdk::detail {
namespace {

constexpr std::size_t event_bytes = 256'000;    // the gateway refuses more than 256 KiB
constexpr std::size_t text_characters = 16'384; // of a text that had to be cut; at most six bytes each
constexpr std::array figures = {
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
    "cost_usd",     "model"};

using writer = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator,
                                 rapidjson::kWriteValidateEncodingFlag>;

void check(bool written) {
  if (!written) throw std::invalid_argument("it holds a number or a text that is no JSON");
}

void write(writer& to, const std::string& text) {
  check(to.String(text.data(), static_cast<rapidjson::SizeType>(text.size())));
}

void write(writer& to, const value& of);

void write(writer& to, const object& of) {
  to.StartObject();
  for (const member& each : of) {
    check(to.Key(each.first.data(), static_cast<rapidjson::SizeType>(each.first.size())));
    write(to, each.second);
  }
  to.EndObject();
}

void write(writer& to, const value& of) {
  std::visit(
      [&to](const auto& held) {
        using type = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<type, std::nullptr_t>)
          to.Null();
        else if constexpr (std::is_same_v<type, bool>)
          to.Bool(held);
        else if constexpr (std::is_same_v<type, std::int64_t>)
          to.Int64(held);
        else if constexpr (std::is_same_v<type, double>)
          check(to.Double(held));
        else if constexpr (std::is_same_v<type, array>) {
          to.StartArray();
          for (const value& each : held) write(to, each);
          to.EndArray();
        } else
          write(to, held);
      },
      of.held);
}

value* find(object& in, std::string_view name) {
  const auto found = std::ranges::find(in, name, &member::first);
  return found == in.end() ? nullptr : &found->second;
}

object* find_object(object& in, std::string_view name) {
  value* found = find(in, name);
  return found ? std::get_if<object>(&found->held) : nullptr;
}

void forget(object& in, std::string_view name) {
  std::erase_if(in, [name](const member& each) { return each.first == name; });
}

void complete(object& payload, bool capture) {
  if (object* usage = find_object(payload, "usage"))
    for (const char* figure : figures)
      if (!find(*usage, figure)) usage->push_back({figure, nullptr});
  if (capture) return;
  forget(payload, "input");
  forget(payload, "output");
  if (object* error = find_object(payload, "error")) forget(*error, "message");
}

/// Where the character of that number begins, or the text's end.
std::size_t position_of(std::size_t character, const std::string& text) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && seen++ == character) return i;
  return text.size();
}

void shorten(object& payload) {
  for (const std::string key : {"input", "output"}) {
    value* found = find(payload, key);
    if (!found) continue;
    if (auto* text = std::get_if<std::string>(&found->held)) {
      const std::size_t end = position_of(text_characters, *text);
      if (end == text->size()) continue;
      text->resize(end);
    } else if (std::holds_alternative<array>(found->held) || std::holds_alternative<object>(found->held)) {
      found->held = nullptr;
    } else {
      continue;
    }
    payload.push_back({key + "_truncated", true});
  }
}

std::string time_text(std::chrono::system_clock::time_point at) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(at).time_since_epoch().count();
  const std::time_t seconds = micros / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + length, text.size() - length, ".%06dZ", static_cast<int>(micros % 1'000'000));
  return text.data();
}

object told(const identity& ids) {
  object known;
  for (const auto& [name, id] : {std::pair{"session_id", &ids.session_id},
                                 {"run_id", &ids.run_id},
                                 {"span_id", &ids.span_id},
                                 {"parent_span_id", &ids.parent_span_id},
                                 {"trace_id", &ids.trace_id}})
    if (!id->empty()) known.push_back({name, *id});
  return known;
}

std::string text_of(const object& whole) {
  rapidjson::StringBuffer buffer;
  writer to(buffer);
  write(to, whole);
  return {buffer.GetString(), buffer.GetSize()};
}

} // namespace

std::string encode(event of, const source& from) {
  const auto at = of.at.value_or(std::chrono::system_clock::now());
  complete(of.payload, from.capture);
  const auto whole = [&] {
    return text_of(
        {{"schema", object{{"name", "agentmon.event"}, {"version", 1}}},
         {"event", object{{"id", uuid7(at)},
                          {"type", of.type},
                          {"ts", time_text(at)},
                          {"source",
                           object{{"framework", from.framework}, {"client_id", from.client_id}, {"host", from.host}}}}},
         {"correlation", told(of.ids)},
         {"attributes", of.attributes},
         {"payload", of.payload}});
  };
  std::string text = whole();
  if (text.size() > event_bytes) {
    shorten(of.payload);
    text = whole();
  }
  if (text.size() > event_bytes) throw too_large("it has " + std::to_string(text.size()) + " bytes");
  return text;
}

std::string uuid7(std::chrono::system_clock::time_point at) {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    std::random_device chance;
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(chance());
  }
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(millis >> (40 - 8 * i));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x70);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 0xf];
  }
  return text;
}

} // namespace agentmon::sdk::detail
