#pragma once
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace agentmon::demo {

/// Writes a JSON object member by member.
class json_object {
public:
  json_object() { writer_.StartObject(); }

  json_object& text(std::string_view key, std::string_view value) {
    name(key);
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    return *this;
  }
  json_object& whole(std::string_view key, int64_t value) {
    name(key);
    writer_.Int64(value);
    return *this;
  }
  /// Rounded to `digits` behind the point.
  json_object& number(std::string_view key, double value, int digits = 3) {
    const double scale = std::pow(10.0, digits);
    name(key);
    writer_.Double(std::round(value * scale) / scale);
    return *this;
  }
  json_object& truth(std::string_view key, bool value) {
    name(key);
    writer_.Bool(value);
    return *this;
  }
  /// `json` is JSON text.
  json_object& raw(std::string_view key, std::string_view json) {
    name(key);
    writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
    return *this;
  }

  std::string done() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

private:
  void name(std::string_view key) { writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

} // namespace agentmon::demo
