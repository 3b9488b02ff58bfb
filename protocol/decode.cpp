#include "protocol/decode.hpp"

#include "protocol/limits.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/utf_8.hpp"
#include "protocol/validate.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cstring>

namespace agentmon {
namespace {

using rapidjson::SizeType;

constexpr auto parse_flags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
constexpr size_t reader_stack_bytes = 4 * limits::KiB; // to begin with: most events need no more

using json_reader = rapidjson::GenericReader<checked_utf8, checked_utf8>;

/// The quote that ends the string behind `from`; `end` when there is none.
const char* end_of_string(const char* from, const char* end) {
  for (; (from = plain_text::end_of_run(from, end)) != end; from += 2) {
    if (*from == '"') return from;
    if (*from != '\\' || end - from < 2) return end;
  }
  return end;
}

/// The offset of the bracket that ends the object at the front; npos when there is none. Looks at strings and brackets
/// only.
size_t end_of_object(std::string_view text) {
  const char* const end = text.data() + text.size();
  size_t depth = 0;
  for (const char* at = text.data(); at != end; ++at) {
    if (*at == '"' && (at = end_of_string(at + 1, end)) == end) return std::string_view::npos;
    if (*at == '{' || *at == '[') ++depth;
    if ((*at == '}' || *at == ']') && --depth == 0) return static_cast<size_t>(at - text.data());
  }
  return std::string_view::npos;
}

/// Follows RapidJSON through the text and fills one event after the other. The parser is always one token ahead of
/// nothing: at StartObject the stream stands on '{', at EndObject on '}', at String and RawNumber behind the token.
class decoder {
public:
  decoder(event_batch& batch, rapidjson::MemoryStream& stream)
      : batch_{batch},
        stream_{stream},
        has_escaped_characters_{std::string_view{batch.text.data(), batch.text.size()}.find("\\u")
                                != std::string_view::npos} {}

  bool Null() { return scalar(value_type::null, {}); }
  bool Bool(bool) { return scalar(value_type::boolean, {}); }
  bool RawNumber(const char* text, SizeType length, bool) { return scalar(value_type::number, {text, length}); }
  bool String(const char* text, SizeType length, bool) { return scalar(value_type::string, {text, length}); }

  // RapidJSON's interface wants them; with kParseNumbersAsStringsFlag they are never called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

  bool Key(const char* text, SizeType length, bool) {
    if (has_escaped_characters_ && has_lone_surrogate({text, length})) checks_.lone_surrogate();
    if (depth_ - base_ <= max_named_depth && depth_ > base_) key_ = slot_of(parent(), {text, length});
    return true;
  }

  bool StartObject() {
    if (goes_too_deep()) return stop("is nested deeper than " + std::to_string(limits::json_depth));
    if (depth_ == 1) base_ = 0;
    if (depth_ == base_ + 1) return begin_event();
    open(value_type::object);
    return true;
  }
  bool EndObject(SizeType) {
    const auto level = depth_-- - base_;
    if (level == 1) return end_event();
    close(level);
    return true;
  }

  bool StartArray() {
    if (goes_too_deep()) return stop("is nested deeper than " + std::to_string(limits::json_depth));
    if (depth_ == 1) {
      base_ = 1;
      return true;
    }
    if (depth_ == base_ + 1) return no_event();
    open(value_type::array);
    return true;
  }
  bool EndArray(SizeType) {
    const auto level = depth_-- - base_;
    if (level >= 2) close(level);
    return true;
  }

  /// After an error: goes behind the event that holds it, which alone is refused, when it is one of those two that
  /// RapidJSON makes of valid JSON. Else false, and the text as a whole is refused.
  bool skip_event(rapidjson::ParseErrorCode error) {
    const bool number = error == rapidjson::kParseErrorNumberTooBig;
    if (!number && error != rapidjson::kParseErrorStringUnicodeSurrogateInvalid) return false;
    if (!is_root_valid() || !is_in_event() || event_begin_ == std::string_view::npos) return false;
    const auto length = end_of_object(slice(event_begin_, batch_.text.size()));
    if (length == std::string_view::npos) return false;
    if (number)
      checks_.number_out_of_range();
    else
      checks_.lone_surrogate();
    stream_.src_ = stream_.begin_ + event_begin_ + length;
    depth_ = base_;
    end_event();
    stream_.Take();
    return true;
  }

  bool is_root_valid() const { return base_ != no_base; }
  bool is_root_array() const { return base_ == 1; }
  const std::string& why_stopped() const { return why_stopped_; }

private:
  static constexpr size_t max_named_depth = 3; // event.source.host, payload.usage.input_tokens
  static constexpr size_t no_base = static_cast<size_t>(-2);

  slot parent() const {
    const auto level = depth_ - base_;
    return level == 1 ? slot::envelope : path_[level - 2];
  }

  bool stop(std::string why) {
    why_stopped_ = std::move(why);
    return false;
  }

  bool next_index() {
    if (index_ == limits::batch_events)
      return stop("holds more than " + std::to_string(limits::batch_events) + " events; send several batches");
    ++index_;
    return true;
  }

  bool begin_event() {
    if (!next_index()) return false;
    checks_ = {};
    now_ = {};
    event_begin_ = stream_.Tell();
    key_ = slot::unknown;
    return true;
  }

  bool end_event() {
    now_.json = slice(event_begin_, stream_.Tell() + 1);
    auto fault = checks_.first_fault(now_);
    if (!fault)
      batch_.events.push_back(now_);
    else
      batch_.rejections.push_back({index_ - 1, std::move(fault->field), std::move(fault->message)});
    return true;
  }

  /// An element of the batch that is no object.
  bool no_event() {
    if (!next_index()) return false;
    event_begin_ = std::string_view::npos;
    batch_.rejections.push_back({index_ - 1, "", "must be an object, the event's envelope"});
    return true;
  }

  /// A container below the envelope begins; containers deeper than any named field need no bookkeeping.
  void open(value_type type) {
    const auto level = depth_ - base_;
    if (level < 2 || level - 2 >= max_named_depth) return;
    path_[level - 2] = type == value_type::object ? key_ : slot::unknown;
    begin_[level - 2] = stream_.Tell();
    if (key_ != slot::unknown && is_in_event()) checks_.see(now_, key_, type, {});
    key_ = slot::unknown;
  }

  void close(size_t level) {
    if (level - 2 >= max_named_depth) return;
    const auto text = slice(begin_[level - 2], stream_.Tell() + 1);
    if (path_[level - 2] == slot::attributes) now_.attributes = text;
    if (path_[level - 2] == slot::payload) now_.payload = text;
  }

  bool scalar(value_type type, std::string_view decoded) {
    const auto level = depth_ - base_;
    if (depth_ == 0) return true; // a lone scalar as the root: told apart by is_root_valid
    if (level == 0) return no_event();
    if (type == value_type::number && !is_storable_number(decoded)) checks_.number_out_of_range();
    if (type == value_type::string && has_escaped_characters_ && has_lone_surrogate(decoded)) checks_.lone_surrogate();
    if (level > max_named_depth || key_ == slot::unknown) return true;
    if (type == value_type::string) decoded = is_input(key_) ? keep_beginning(decoded) : keep(decoded);
    checks_.see(now_, key_, type, decoded);
    key_ = slot::unknown;
    return true;
  }

  /// An array around events does not count: what is taken alone must be taken from the array in which it travels.
  bool goes_too_deep() { return ++depth_ > limits::json_depth + (base_ == 1 ? 1 : 0); }
  bool is_in_event() const { return depth_ > base_; }

  std::string_view slice(size_t from, size_t to) const { return {batch_.text.data() + from, to - from}; }

  /// A view that lives as long as the batch: the text itself where it holds no escapes, else a copy.
  std::string_view keep(std::string_view decoded) {
    const auto end = stream_.Tell() - 1;
    if (end >= decoded.size()) {
      const auto raw = slice(end - decoded.size(), end);
      if (std::memcmp(raw.data(), decoded.data(), decoded.size()) == 0) return raw;
    }
    return batch_.unescaped.emplace_back(decoded);
  }

  /// The same of as much as a title may be made of.
  std::string_view keep_beginning(std::string_view decoded) {
    const auto beginning = decoded.substr(0, limits::title_look_bytes);
    const auto end = stream_.Tell() - 1;
    if (end >= decoded.size()) {
      const auto raw = slice(end - decoded.size(), end).substr(0, beginning.size());
      if (raw == beginning) return raw;
    }
    return batch_.unescaped.emplace_back(beginning);
  }

  event_batch& batch_;
  rapidjson::MemoryStream& stream_;
  const bool has_escaped_characters_; ///< only these can be half a surrogate pair: the text itself is UTF-8
  size_t depth_ = 0;
  size_t base_ = no_base; ///< depth around an envelope: 1 in an array, 0 for a single object
  size_t index_ = 0;
  size_t event_begin_ = 0; ///< npos in an element that is no object
  slot key_ = slot::unknown;
  std::array<slot, max_named_depth> path_{};
  std::array<size_t, max_named_depth> begin_{};
  event now_;
  event_checks checks_;
  std::string why_stopped_;
};

/// The whole text at once; behind an event that had to be skipped, one event after the other.
rapidjson::ParseResult parse(rapidjson::MemoryStream& stream, decoder& handler) {
  json_reader reader{nullptr, reader_stack_bytes};
  rapidjson::ParseResult outcome = reader.Parse<parse_flags>(stream, handler);
  if (!outcome.IsError()) return outcome;
  if (!handler.skip_event(outcome.Code())) return outcome;
  rapidjson::SkipWhitespace(stream);
  if (!handler.is_root_array()) return {};
  while (stream.Peek() == ',') {
    stream.Take();
    outcome = reader.Parse<parse_flags | rapidjson::kParseStopWhenDoneFlag>(stream, handler);
    if (outcome.IsError() && !handler.skip_event(outcome.Code())) return outcome;
    rapidjson::SkipWhitespace(stream);
  }
  if (stream.Peek() != ']') return {rapidjson::kParseErrorArrayMissCommaOrSquareBracket, stream.Tell()};
  stream.Take();
  rapidjson::SkipWhitespace(stream);
  return {};
}

tl::unexpected<failure> not_json(rapidjson::ParseErrorCode why, size_t at) {
  return fail(fault::invalid, std::string{"the body is not valid JSON: "} + rapidjson::GetParseError_En(why) + " (byte "
                                  + std::to_string(at) + ")");
}

} // namespace

result<event_batch> decode(std::vector<char> json) {
  event_batch batch;
  batch.text = std::move(json);
  rapidjson::MemoryStream stream{batch.text.data(), batch.text.size()};
  const auto invalid = find_invalid_utf_8({batch.text.data(), batch.text.size()});
  if (invalid != std::string_view::npos) return not_json(rapidjson::kParseErrorStringInvalidEncoding, invalid);
  decoder handler{batch, stream};
  const auto outcome = parse(stream, handler);
  if (!handler.why_stopped().empty()) return fail(fault::invalid, "the batch " + handler.why_stopped());
  if (outcome.IsError()) return not_json(outcome.Code(), outcome.Offset());
  if (stream.Tell() != batch.text.size()) return not_json(rapidjson::kParseErrorDocumentRootNotSingular, stream.Tell());
  if (!handler.is_root_valid())
    return fail(fault::invalid, "the body must be a JSON array of events, or one event as an object");
  return batch;
}

result<event_batch> decode(std::string_view json) { return decode(std::vector<char>(json.begin(), json.end())); }

} // namespace agentmon
