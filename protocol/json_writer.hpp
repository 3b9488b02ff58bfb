#pragma once
#include "protocol/time.hpp"
#include "protocol/usage.hpp"
#include "protocol/uuid.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

namespace agentmon {

/// Dollars from nano-dollars, exactly: 12500000 is "0.0125".
std::string dollars(int64_t nano_usd);

/// Writes JSON text. What is absent is null.
class json_writer {
public:
  json_writer& begin_object() { return out_.StartObject(), *this; }
  json_writer& end_object() { return out_.EndObject(), *this; }
  json_writer& begin_array() { return out_.StartArray(), *this; }
  json_writer& end_array() { return out_.EndArray(), *this; }
  json_writer& key(std::string_view name) {
    out_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    return *this;
  }

  json_writer& null() { return out_.Null(), *this; }
  json_writer& value(std::string_view text) {
    out_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return *this;
  }
  json_writer& value(const char* text) { return value(std::string_view{text}); }
  json_writer& value(bool yes) { return out_.Bool(yes), *this; }
  json_writer& value(int64_t number) { return out_.Int64(number), *this; }
  json_writer& value(double number) { return std::isfinite(number) ? (out_.Double(number), *this) : null(); }
  json_writer& value(timestamp at) { return value(std::string_view{format_time(at)}); }
  json_writer& value(const uuid& id) { return value(std::string_view{to_string(id)}); }
  template <class T>
  json_writer& value(const std::optional<T>& some) {
    return some ? value(*some) : null();
  }

  /// JSON text as it is; empty is null.
  json_writer& raw(std::string_view json) {
    if (json.empty()) return null();
    return out_.RawValue(json.data(), json.size(), rapidjson::kObjectType), *this;
  }

  template <class T>
  json_writer& member(std::string_view name, const T& of) {
    return key(name).value(of);
  }
  json_writer& raw_member(std::string_view name, std::string_view json) { return key(name).raw(json); }

  /// A text column: an empty one is null.
  json_writer& text_member(std::string_view name, std::string_view text) {
    return text.empty() ? key(name).null() : member(name, text);
  }

  /// Microseconds as milliseconds.
  json_writer& millis_member(std::string_view name, std::optional<int64_t> micros) {
    return member(name, micros ? std::optional{static_cast<double>(*micros) / 1000.0} : std::nullopt);
  }

  /// "usage":{...}, each figure by its name, the cost in dollars.
  json_writer& usage_member(const usage&);

  std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> out_{buffer_};
};

} // namespace agentmon
