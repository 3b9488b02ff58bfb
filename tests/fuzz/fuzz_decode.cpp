#include "check.hpp"
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"
#include "protocol/fold.hpp"
#include "protocol/limits.hpp"
#include "protocol/packing.hpp"
#include "protocol/validate.hpp"
#include "store/json_text.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <string>

// Whatever bytes come: events and rejections, or one refusal. What is accepted goes the way of an event (cut into
// parts, decoded by the writer, made storable, folded) and stays the same on it.
namespace agentmon::fuzz {
namespace {

std::string_view or_empty_object(std::string_view json) { return json.empty() ? "{}" : json; }

bool same_columns(const event& a, const event& b) {
  return a.id == b.id && a.ts == b.ts && a.type == b.type && a.framework == b.framework && a.client_id == b.client_id
         && a.host == b.host && a.session_id == b.session_id && a.run_id == b.run_id && a.span_id == b.span_id
         && a.parent_span_id == b.parent_span_id && a.trace_id == b.trace_id
         && or_empty_object(a.attributes) == or_empty_object(b.attributes)
         && or_empty_object(a.payload) == or_empty_object(b.payload) && a.status == b.status
         && a.duration_us == b.duration_us && a.kind == b.kind && a.name == b.name && a.model == b.model
         && a.error_message == b.error_message && a.used == b.used;
}

void check_rejections(const event_batch& batch) {
  const auto count = batch.events.size() + batch.rejections.size();
  check(count <= limits::batch_events, "a batch holds no more events than it may");
  for (size_t i = 0; i < batch.rejections.size(); ++i) {
    const auto& r = batch.rejections[i];
    check(r.index < count && (i == 0 || batch.rejections[i - 1].index < r.index), "each bad event is named once");
    check(!r.message.empty(), "a rejection says what is wrong");
  }
}

void check_columns(const event& e) {
  check(e.json.size() <= limits::event_bytes && e.json.front() == '{' && e.json.back() == '}', "an event is an object");
  check(is_event_type(e.type) && !e.framework.empty(), "what is required is there");
  check(e.ts >= timestamp{}, "times begin in 1970");
  for (const auto object : {e.attributes, e.payload})
    check(object.empty() || (object.front() == '{' && object.back() == '}'), "attributes and payload are objects");
}

/// The one event that the text holds.
event_batch only_event(std::string_view json) {
  auto batch = decode(json);
  check(batch.has_value() && batch->events.size() == 1 && batch->rejections.empty(),
        "what was accepted is accepted again, alone");
  return std::move(*batch);
}

constexpr std::string_view good =
    R"({"schema":{"name":"agentmon.event","version":1},"event":{"id":"0195a4c2-1111-7abc-8def-0123456789ab",)"
    R"("type":"x","ts":"2026-03-13T12:00:00Z","source":{"framework":"f"}}})";

/// A lone object that is understood, be it right or not, is the same among others.
void check_neighbours(std::string_view object, const event_batch& alone) {
  const auto among = decode('[' + std::string{good} + ',' + std::string{object} + ',' + std::string{good} + ']');
  check(among && among->events.size() == alone.events.size() + 2 && among->rejections.size() == alone.rejections.size(),
        "a bad event does not harm its neighbours");
  check(among->rejections.empty()
            || (among->rejections[0].index == 1 && among->rejections[0].message == alone.rejections[0].message),
        "neighbours change no fault");
}

/// The way over the bus, and what another producer may send there.
void check_packing(std::string_view input) {
  const auto packed = pack(input);
  check(unpacked_bytes(packed) <= limits::unpacked_bytes, "a message has a bound");
  const auto same = unpack(packed);
  check(same && std::string_view{same->data(), same->size()} == input, "what was packed comes out as it was");
  const auto any = unpack(input);
  check(any ? any->size() <= limits::unpacked_bytes : !any.error().message.empty(), "what is unpacked has a bound");
  auto spoilt = packed;
  spoilt[std::hash<std::string_view>{}(input) % spoilt.size()] ^= 1;
  static_cast<void>(unpack(spoilt));
}

void check_parts(const event_batch& batch) {
  size_t at = 0;
  for (const auto& part : parts_of(batch)) {
    check(part.json.size() <= limits::record_bytes, "a part fits into a record");
    const auto again = decode('[' + part.json + ']');
    check(again && again->rejections.empty() && again->events.size() == part.events, "a part holds its events");
    for (const auto& e : again->events) {
      check(at < batch.events.size() && e.json == batch.events[at].json && same_columns(e, batch.events[at]),
            "events leave in the order and with the text they came with");
      ++at;
    }
  }
  check(at == batch.events.size(), "no event is lost between the parts");
}

void check_encoding(const event& e) {
  const auto json = encode({.id = e.id,
                            .ts = e.ts,
                            .type = e.type,
                            .framework = e.framework,
                            .client_id = e.client_id,
                            .host = e.host,
                            .session_id = e.session_id,
                            .run_id = e.run_id,
                            .span_id = e.span_id,
                            .parent_span_id = e.parent_span_id,
                            .trace_id = e.trace_id,
                            .attributes = e.attributes,
                            .payload = e.payload});
  if (json.size() > limits::event_bytes) return; // a time may be written longer than it came
  check(same_columns(only_event(json).events.front(), e), "encode and decode agree");
}

struct nul_finder : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, nul_finder> {
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return std::string_view{text, size}.find('\0') == std::string_view::npos;
  }
  bool Key(const char* text, rapidjson::SizeType size, bool copy) { return String(text, size, copy); }
};

void check_storable(const event& e) {
  std::string buffer;
  const auto json = store::storable(e.json, buffer);
  check(e.holds_nul == (json != e.json), "what holds a NUL escape is known");
  rapidjson::MemoryStream stream{json.data(), json.size()};
  nul_finder finder;
  check(!rapidjson::Reader{}.Parse<rapidjson::kParseNumbersAsStringsFlag>(stream, finder).IsError(),
        "what is stored is JSON and holds no NUL, which jsonb refuses");
}

void fold_all(const std::vector<event>& events) {
  run_state run;
  session_state session;
  span_state span;
  for (const auto& e : events) {
    const auto before = run;
    fold(run, e);
    fold(session, e);
    fold(session, before, run);
    fold(span, e);
  }
  check(run.counts.events == static_cast<int64_t>(events.size()), "each event is counted once");
  check(duration_of(run).value_or(0) >= 0 && duration_of(span).value_or(0) >= 0, "no duration is negative");
  check(contribution_of(run).runs <= 1, "a run is one run");
}

} // namespace
} // namespace agentmon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace agentmon;
  using namespace agentmon::fuzz;
  const auto input = text_of(data, size);
  check_packing(input);
  auto decoded = decode(input);
  if (!decoded) {
    check(decoded.error().code == fault::invalid && !decoded.error().message.empty(), "a refusal says why");
    return 0;
  }
  const auto batch = std::move(*decoded); // its views must not mind
  check_rejections(batch);
  if (input.substr(std::min(input.find_first_not_of(" \t\r\n"), size)).starts_with('{')) check_neighbours(input, batch);
  for (const auto& e : batch.events) {
    check_columns(e);
    check(same_columns(only_event(e.json).events.front(), e), "neighbours change nothing");
    check_encoding(e);
    check_storable(e);
  }
  check_parts(batch);
  fold_all(batch.events);
  return 0;
}
