#include "protocol/decode.hpp"

#include "protocol/json_reader.hpp"
#include "protocol/limits.hpp"
#include "protocol/utf_8.hpp"
#include "protocol/validate.hpp"

#include <algorithm>

namespace agentmon {
namespace {

/// Follows a json_reader through the text and fills one event after the other.
class decoder {
public:
  explicit decoder(event_batch& batch) : batch_{batch} {}

  bool key(const json_string& name) {
    look_at_escapes(name);
    if (depth_ - base_ > max_named_depth || depth_ <= base_) return true;
    key_ = name.is_escaped ? slot_of(parent(), name.unescaped()) : slot_of(parent(), name.raw);
    return true;
  }

  bool open(value_type type, size_t at) {
    if (goes_too_deep()) return stop("is nested deeper than " + std::to_string(limits::json_depth));
    if (depth_ == 1) {
      base_ = type == value_type::array ? 1 : 0;
      if (type == value_type::array) return true;
    }
    if (depth_ == base_ + 1) return type == value_type::object ? begin_event(at) : no_event();
    open_member(type, at);
    return true;
  }

  bool close(size_t end) {
    const auto level = depth_-- - base_;
    if (level == 1 && event_begin_ != std::string_view::npos) end_event(end);
    if (level >= 2) close_member(level, end);
    return true;
  }

  bool scalar(value_type type, const json_string& text) {
    const auto level = depth_ - base_;
    if (depth_ == 0) return true; // a lone scalar as the root: told apart by is_root_valid
    if (level == 0) return no_event();
    if (type == value_type::number && !is_storable_number(text.raw)) checks_.number_out_of_range();
    if (type == value_type::string) look_at_escapes(text);
    if (level > max_named_depth || key_ == slot::unknown) return true;
    checks_.see(now_, key_, type, type == value_type::string ? keep(text) : text.raw);
    key_ = slot::unknown;
    return true;
  }

  bool is_root_valid() const { return base_ != no_base; }
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

  bool begin_event(size_t at) {
    if (!next_index()) return false;
    checks_ = {};
    now_ = {};
    event_begin_ = at;
    key_ = slot::unknown;
    return true;
  }

  void end_event(size_t end) {
    now_.json = slice(event_begin_, end);
    auto fault = checks_.first_fault(now_);
    if (fault) {
      batch_.rejections.push_back({index_ - 1, std::move(fault->field), std::move(fault->message)});
      return;
    }
    if (batch_.events.empty()) // the others are likely to be about as long
      batch_.events.reserve(std::min(batch_.text.size() / now_.json.size(), limits::batch_events));
    batch_.events.push_back(now_);
  }

  /// An element of the batch that is no object.
  bool no_event() {
    if (!next_index()) return false;
    event_begin_ = std::string_view::npos;
    batch_.rejections.push_back({index_ - 1, "", "must be an object, the event's envelope"});
    return true;
  }

  /// A container below the envelope begins; containers deeper than any named field need no bookkeeping.
  void open_member(value_type type, size_t at) {
    const auto level = depth_ - base_;
    if (level - 2 >= max_named_depth) return;
    path_[level - 2] = type == value_type::object ? key_ : slot::unknown;
    begin_[level - 2] = at;
    if (key_ != slot::unknown) checks_.see(now_, key_, type, {});
    key_ = slot::unknown;
  }

  void close_member(size_t level, size_t end) {
    if (level - 2 >= max_named_depth) return;
    const auto text = slice(begin_[level - 2], end);
    if (path_[level - 2] == slot::attributes) now_.attributes = text;
    if (path_[level - 2] == slot::payload) now_.payload = text;
  }

  /// An array around events does not count: what is taken alone must be taken from the array in which it travels.
  bool goes_too_deep() { return ++depth_ > limits::json_depth + (base_ == 1 ? 1 : 0); }

  std::string_view slice(size_t from, size_t to) const { return {batch_.text.data() + from, to - from}; }

  /// Only escapes can be half a surrogate pair, or NUL: the text itself is UTF-8 without control characters.
  void look_at_escapes(const json_string& text) {
    if (!text.is_escaped || text.raw.find("\\u") == std::string_view::npos) return;
    const auto unescaped = text.unescaped();
    if (has_lone_surrogate(unescaped)) checks_.lone_surrogate();
    if (unescaped.find('\0') != std::string::npos) now_.holds_nul = true;
  }

  /// A view that lives as long as the batch: the text itself where it holds no escapes, else a copy. Of an input as
  /// much as a title may be made of.
  std::string_view keep(const json_string& text) {
    const auto most = is_input(key_) ? limits::title_look_bytes : std::string_view::npos;
    if (!text.is_escaped) return text.raw.substr(0, most);
    auto unescaped = text.unescaped();
    if (unescaped.size() > most) unescaped.resize(most);
    return batch_.unescaped.emplace_back(std::move(unescaped));
  }

  event_batch& batch_;
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

tl::unexpected<failure> not_json(const json_fault& why) {
  return fail(fault::invalid,
              std::string{"the body is not valid JSON: "} + why.what + " (byte " + std::to_string(why.at) + ")");
}

} // namespace

result<event_batch> decode(std::vector<char> json) {
  event_batch batch;
  batch.text = std::move(json);
  const std::string_view text{batch.text.data(), batch.text.size()};
  if (const auto invalid = find_invalid_utf_8(text); invalid != std::string_view::npos)
    return not_json({"it is not UTF-8", invalid});
  decoder handler{batch};
  const auto wrong = json_reader{text, handler}.read();
  if (!handler.why_stopped().empty()) return fail(fault::invalid, "the batch " + handler.why_stopped());
  if (wrong) return not_json(*wrong);
  if (!handler.is_root_valid())
    return fail(fault::invalid, "the body must be a JSON array of events, or one event as an object");
  return batch;
}

result<event_batch> decode(std::string_view json) { return decode(std::vector<char>(json.begin(), json.end())); }

} // namespace agentmon
