#include "actors/ingest.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace agentmon {
namespace {

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write(json_writer& to, std::string_view text) {
  to.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write(json_writer& to, const char* key, const std::vector<rejection>& rejections) {
  to.Key(key);
  to.StartArray();
  for (const auto& r : rejections) {
    to.StartObject();
    to.Key("index");
    to.Uint64(r.index);
    to.Key("field");
    write(to, r.field);
    to.Key("message");
    write(to, r.message);
    to.EndObject();
  }
  to.EndArray();
}

std::string take(const rapidjson::StringBuffer& buffer) { return {buffer.GetString(), buffer.GetSize()}; }

/// Finds "seq" and the text of "events" at the top of an object, and notices anything else there.
struct frame_reader : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, frame_reader> {
  explicit frame_reader(const rapidjson::MemoryStream& in) : stream{in} {}

  bool Default() { return depth > 1 || fail(); }
  bool Uint(unsigned value) { return Uint64(value); }
  bool Uint64(uint64_t value) {
    if (depth > 1) return true;
    if (key != "seq") return fail();
    sequence = value;
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    if (depth == 1) key.assign(text, length);
    return true;
  }
  bool StartObject() { return begin(); }
  bool StartArray() { return begin(); }
  bool EndObject(rapidjson::SizeType) { return end(); }
  bool EndArray(rapidjson::SizeType) { return end(); }

  bool begin() {
    if (++depth != 2) return true;
    if (key != "events") return fail();
    from = stream.Tell();
    return true;
  }
  bool end() {
    if (depth-- == 2) to = stream.Tell() + 1;
    return true;
  }
  bool fail() { return false; }

  const rapidjson::MemoryStream& stream;
  size_t depth = 0;
  std::string key;
  std::optional<uint64_t> sequence;
  size_t from = 0, to = 0;
};

} // namespace

std::string acknowledgement(std::optional<uint64_t> sequence, uint64_t accepted,
                            const std::vector<rejection>& rejections) {
  rapidjson::StringBuffer buffer;
  json_writer to{buffer};
  to.StartObject();
  if (sequence) {
    to.Key("seq");
    to.Uint64(*sequence);
  }
  to.Key("accepted");
  to.Uint64(accepted);
  write(to, "rejected", rejections);
  to.EndObject();
  return take(buffer);
}

std::string refusal_of(uint64_t sequence, const failure& why, const std::vector<rejection>& rejections) {
  rapidjson::StringBuffer buffer;
  json_writer to{buffer};
  to.StartObject();
  to.Key("seq");
  to.Uint64(sequence);
  to.Key("error");
  to.StartObject();
  to.Key("code");
  write(to, to_string(why.code));
  to.Key("message");
  write(to, why.message);
  write(to, "details", rejections);
  to.EndObject();
  to.EndObject();
  return take(buffer);
}

bool refuse_others(event_batch& batch, std::string_view client_id) {
  std::vector<event> kept;
  std::vector<rejection> all;
  auto earlier = batch.rejections.begin();
  size_t index = 0; // of an event in the batch as it came: those refused already lie between the others
  for (auto& each : batch.events) {
    for (; earlier != batch.rejections.end() && earlier->index == index; ++index) all.push_back(std::move(*earlier++));
    if (each.client_id == client_id)
      kept.push_back(each);
    else
      all.push_back({index, "event.source.client_id",
                     "must be \"" + std::string{client_id} + "\": the access key is for that source only"});
    ++index;
  }
  for (; earlier != batch.rejections.end(); ++earlier) all.push_back(std::move(*earlier));
  const bool refused = kept.size() < batch.events.size();
  batch.events = std::move(kept);
  batch.rejections = std::move(all);
  return refused;
}

std::string none_valid(const event_batch& batch) {
  if (batch.rejections.empty()) return "the batch holds no event";
  if (batch.rejections.size() == 1) return "the event is not valid: see details";
  return "none of the " + std::to_string(batch.rejections.size()) + " events is valid: see details";
}

response refuse_all(const event_batch& batch) {
  std::vector<error_detail> details;
  details.reserve(batch.rejections.size());
  for (const auto& r : batch.rejections) details.push_back({r.index, r.field, r.message});
  return error(400, to_string(fault::invalid), none_valid(batch), details);
}

numbered_frame open_frame(std::string_view text) {
  rapidjson::MemoryStream stream{text.data(), text.size()};
  rapidjson::Reader reader;
  frame_reader frame{stream};
  // Any other object is an envelope, and what is wrong with it the decoder says.
  const auto parsed = reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag>(stream, frame);
  if (parsed.IsError() || !frame.sequence || frame.to == 0) return {std::nullopt, text};
  return {frame.sequence, text.substr(frame.from, frame.to - frame.from)};
}

} // namespace agentmon
