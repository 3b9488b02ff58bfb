#include "commands/flag_event.hpp"

#include "protocol/decode.hpp"
#include "protocol/encode.hpp"
#include "settings/values.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>

namespace agentmon {
namespace {

constexpr std::array flags_of_event{
    flag{"type", "TYPE", "Send one event of this type, as run.start; without it events are read from standard input."},
    flag{"session", "ID", "The session it belongs to."},
    flag{"run", "ID", "The run it belongs to."},
    flag{"span", "ID", "The span it belongs to."},
    flag{"parent", "ID", "The span around that span."},
    flag{"trace", "ID", "The trace it belongs to."},
    flag{"framework", "NAME", "Which kind of agent it comes from (default: custom)."},
    flag{"client", "NAME", "Which agent it comes from."},
    flag{"host", "NAME", "Which machine it comes from (default: this one)."},
    flag{"ts", "TIME", "When it happened, as 2026-03-13T12:00:00Z (default: now)."},
    flag{"id", "UUID", "Its own id (default: a new one)."},
    flag{"kind", "KIND", "payload.kind of a span: tool, model, compaction or subagent."},
    flag{"name", "NAME", "payload.name of a span: the tool."},
    flag{"status", "STATUS", "payload.status of an end: success, error or aborted."},
    flag{"duration", "TIME", "payload.duration_ms of an end, as 1500ms or 2s."},
    flag{"error", "TEXT", "payload.error.message."},
    flag{"payload", "JSON", "The payload, an object; the flags above are added to it."},
    flag{"attributes", "JSON", "The attributes, an object."},
};

constexpr auto flags_without_type = std::span{flags_of_event}.subspan(1);

/// The object in a flag's value; an empty one when the flag is absent.
result<rapidjson::Document> object_flag(const given_flags& flags, std::string_view name) {
  const auto text = flags.value(name).value_or("{}");
  rapidjson::Document object;
  object.Parse<rapidjson::kParseFullPrecisionFlag | rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (object.HasParseError() || !object.IsObject())
    return fail(fault::invalid, "--" + std::string{name} + " must be a JSON object, as '{\"key\":\"value\"}'");
  return object;
}

std::string to_text(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

void set_member(rapidjson::Document& object, const char* key, rapidjson::Value value) {
  object.RemoveMember(key);
  object.AddMember(rapidjson::StringRef(key), value, object.GetAllocator());
}

rapidjson::Value text_value(rapidjson::Document& owner, std::string_view text) {
  return {text.data(), static_cast<rapidjson::SizeType>(text.size()), owner.GetAllocator()};
}

result<std::string> payload_from(const given_flags& flags) {
  auto payload = object_flag(flags, "payload");
  if (!payload) return tl::unexpected{payload.error()};
  for (const char* const key : {"kind", "name", "status"})
    if (const auto value = flags.value(key)) set_member(*payload, key, text_value(*payload, *value));
  if (const auto text = flags.value("duration")) {
    const auto duration = parse_duration(*text);
    if (!duration) return fail(fault::invalid, "--duration " + std::string{*text} + ": " + duration.error().message);
    set_member(*payload, "duration_ms", rapidjson::Value{static_cast<int64_t>(duration->count())});
  }
  if (const auto text = flags.value("error")) {
    rapidjson::Value error{rapidjson::kObjectType};
    error.AddMember("message", text_value(*payload, *text), payload->GetAllocator());
    set_member(*payload, "error", std::move(error));
  }
  return to_text(*payload);
}

/// The first fault of an envelope by the gateway's own rules.
result<void> check(const std::string& json) {
  const auto batch = decode(json);
  if (!batch) return tl::unexpected{batch.error()};
  if (batch->rejections.empty()) return {};
  const auto& first = batch->rejections.front();
  return fail(fault::invalid, first.field + " " + first.message);
}

} // namespace

std::span<const flag> event_flags() { return flags_of_event; }

bool describes_event(const given_flags& flags) {
  return std::any_of(flags_of_event.begin(), flags_of_event.end(), [&](const flag& f) { return flags.has(f.name); });
}

result<std::string> event_from_flags(const given_flags& flags, std::string_view host) {
  if (!flags.has("type")) {
    for (const auto& each : flags_without_type)
      if (flags.has(each.name))
        return fail(fault::invalid, "--" + std::string{each.name} + " describes an event, but --type is missing");
  }
  const auto payload = payload_from(flags);
  if (!payload) return tl::unexpected{payload.error()};
  const auto attributes = object_flag(flags, "attributes").map([](const auto& object) { return to_text(object); });
  if (!attributes) return tl::unexpected{attributes.error()};
  const auto text = [&](std::string_view name) { return flags.value(name).value_or(""); };
  envelope e{.type = text("type"),
             .framework = flags.value("framework").value_or("custom"),
             .client_id = text("client"),
             .host = flags.value("host").value_or(host),
             .session_id = text("session"),
             .run_id = text("run"),
             .span_id = text("span"),
             .parent_span_id = text("parent"),
             .trace_id = text("trace"),
             .attributes = *attributes,
             .payload = *payload};
  if (const auto id = flags.value("id")) {
    const auto parsed = parse_uuid(*id);
    if (!parsed) return fail(fault::invalid, "--id " + std::string{*id} + ": must be a UUID of 36 characters");
    e.id = *parsed;
  }
  if (const auto ts = flags.value("ts")) {
    const auto parsed = parse_time(*ts);
    if (!parsed) return fail(fault::invalid, "--ts " + std::string{*ts} + ": " + parsed.error().message);
    e.ts = *parsed;
  }
  auto json = encode(e);
  if (const auto checked = check(json); !checked) return tl::unexpected{checked.error()};
  return json;
}

} // namespace agentmon
