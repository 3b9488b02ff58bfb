#include "protocol/encode.hpp"

#include "protocol/limits.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace agentmon {
namespace {

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

void text(json_writer& to, std::string_view value) {
  to.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void member(json_writer& to, const char* key, std::string_view value) {
  if (value.empty()) return;
  to.Key(key);
  text(to, value);
}

void object(json_writer& to, const char* key, std::string_view json) {
  to.Key(key);
  if (json.empty()) json = "{}";
  to.RawValue(json.data(), json.size(), rapidjson::kObjectType);
}

} // namespace

std::string encode(const envelope& e) {
  rapidjson::StringBuffer buffer;
  json_writer to{buffer};
  to.StartObject();
  to.Key("schema");
  to.StartObject();
  member(to, "name", "agentmon.event");
  to.Key("version");
  to.Int(1);
  to.EndObject();
  to.Key("event");
  to.StartObject();
  member(to, "id", to_string(e.id));
  member(to, "type", e.type);
  member(to, "ts", format_time(e.ts));
  to.Key("source");
  to.StartObject();
  member(to, "framework", e.framework);
  member(to, "client_id", e.client_id);
  member(to, "host", e.host);
  to.EndObject();
  to.EndObject();
  to.Key("correlation");
  to.StartObject();
  member(to, "session_id", e.session_id);
  member(to, "run_id", e.run_id);
  member(to, "span_id", e.span_id);
  member(to, "parent_span_id", e.parent_span_id);
  member(to, "trace_id", e.trace_id);
  to.EndObject();
  object(to, "attributes", e.attributes);
  object(to, "payload", e.payload);
  to.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::vector<batch_part> parts_of(const event_batch& batch) {
  std::vector<batch_part> parts;
  for (const auto& e : batch.events) {
    if (parts.empty() || parts.back().json.size() + 1 + e.json.size() > limits::record_bytes) {
      parts.emplace_back();
      parts.back().json.reserve(std::min(batch.text.size(), limits::record_bytes));
    }
    auto& part = parts.back();
    if (part.events > 0) part.json += ',';
    part.json += e.json;
    ++part.events;
  }
  return parts;
}

} // namespace agentmon
