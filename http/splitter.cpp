#include "http/splitter.hpp"

#include "http/text.hpp"

#include <algorithm>
#include <charconv>

namespace agentmon {
namespace {

using namespace http_text;

// A chunk's size with its extensions, which nobody uses and which must not become a hiding place.
constexpr size_t chunk_line_bytes = 256;

// Chunks of one byte each take six: what is encoded may be this much larger than what is allowed decoded.
constexpr size_t encoded_factor = 2;

} // namespace

splitter::splitter(size_t head_limit, size_t body_limit) : head_limit_{head_limit}, body_limit_{body_limit} {}

void splitter::reset() { *this = splitter{head_limit_, body_limit_}; }

splitter::state splitter::refuse(int status, std::string_view reason) {
  status_ = status;
  reason_ = reason;
  keep_alive_ = false;
  return state_ = state::refused;
}

splitter::state splitter::feed(std::string_view buffer) {
  while (state_ == state::more) {
    const auto before = position_;
    const auto phase_before = phase_;
    if (phase_ == phase::done) return state_ = state::whole;
    if (phase_ == phase::body || phase_ == phase::chunk_data)
      skip_data(buffer);
    else
      read_line(buffer);
    if (position_ == before && phase_ == phase_before) break;
  }
  return state_;
}

splitter::state splitter::read_line(std::string_view buffer) {
  const bool chunk = phase_ == phase::chunk_size;
  const auto limit = chunk ? position_ + chunk_line_bytes : section_ + head_limit_;
  const auto end = buffer.substr(0, limit).find('\n', searched_);
  if (end == buffer.npos) {
    searched_ = buffer.size();
    if (buffer.size() < limit) return state_;
    return chunk ? refuse(400, "A chunk's size line is too long.")
                 : refuse(431, "The request line and headers are too long.");
  }
  if (end == position_ || buffer[end - 1] != '\r') return refuse(400, "A line does not end with CR LF.");
  const auto line = buffer.substr(position_, end - 1 - position_);
  position_ = searched_ = end + 1;
  return take_line(line);
}

splitter::state splitter::take_line(std::string_view line) {
  switch (phase_) {
  case phase::request_line: return take_request_line(line);
  case phase::header: return line.empty() ? end_head() : take_header(line);
  case phase::chunk_size: return take_chunk_size(line);
  case phase::trailer:
    if (line.empty())
      phase_ = phase::done;
    else
      take_header(line);
    return state_;
  case phase::body:
  case phase::chunk_data:
  case phase::done: break;
  }
  return state_;
}

splitter::state splitter::take_request_line(std::string_view line) {
  if (line.empty()) { // RFC 9112 section 2.2: some clients send an empty line behind a body
    begin_ = position_;
    return state_;
  }
  const auto first = line.find(' ');
  const auto second = first == line.npos ? line.npos : line.find(' ', first + 1);
  if (second == line.npos) return refuse(400, "The request line is not \"METHOD target HTTP/1.1\".");
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, second - first - 1);
  const auto version = line.substr(second + 1);
  if (!is_token(method)) return refuse(400, "The request's method is not a token.");
  if (target.empty()
      || std::any_of(target.begin(), target.end(), [](char c) { return c <= ' ' || c > '~' || c == '#'; }))
    return refuse(400, "The request's target holds characters that must be percent-encoded.");
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.'
      || !is_digit(version[7]))
    return refuse(400, "The request line does not end with an HTTP version.");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
  http_1_1_ = version == "HTTP/1.1";
  get_ = method == "GET";
  phase_ = phase::header;
  return state_;
}

splitter::state splitter::take_header(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return refuse(400, "A header is folded over several lines.");
  const auto colon = line.find(':');
  if (colon == line.npos) return refuse(400, "A header has no colon.");
  const auto name = line.substr(0, colon);
  const auto value = trim(line.substr(colon + 1));
  if (!is_token(name)) return refuse(400, "A header's name holds a blank or another character that is not allowed.");
  if (!is_field_value(value)) return refuse(400, "A header's value holds a control character.");
  return phase_ == phase::header ? take_field(name, value) : state_;
}

splitter::state splitter::take_field(std::string_view name, std::string_view value) {
  switch (name.size()) { // few names matter; their lengths tell most others apart
  case 4:
    if (!same(name, "host")) break;
    if (has_host_) return refuse(400, "There are two Host headers.");
    has_host_ = true;
    break;
  case 6:
    if (!same(name, "expect")) break;
    if (!same(value, "100-continue")) return refuse(417, "The only expectation that is understood is 100-continue.");
    wants_continue_ = http_1_1_;
    break;
  case 7:
    if (same(name, "upgrade") && has_element(value, "websocket")) to_websocket_ = true;
    break;
  case 10:
    if (same(name, "connection")) return take_connection(value);
    break;
  case 14:
    if (same(name, "content-length")) return take_content_length(value);
    break;
  case 17:
    if (same(name, "transfer-encoding")) return take_transfer_encoding(value);
    break;
  default: break;
  }
  return state_;
}

splitter::state splitter::take_connection(std::string_view value) {
  for_each_element(value, [this](std::string_view option) {
    wants_close_ = wants_close_ || same(option, "close");
    wants_keep_alive_ = wants_keep_alive_ || same(option, "keep-alive");
    wants_upgrade_ = wants_upgrade_ || same(option, "upgrade");
  });
  return state_;
}

splitter::state splitter::take_content_length(std::string_view value) {
  if (has_length_) return refuse(400, "There are two Content-Length headers.");
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit))
    return refuse(400, "Content-Length is not a number.");
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), remaining_);
  if (fault != std::errc{} || remaining_ > body_limit_)
    return refuse(413, "The body is larger than 8 MiB: send it in smaller parts.");
  has_length_ = true;
  return state_;
}

splitter::state splitter::take_transfer_encoding(std::string_view value) {
  if (chunked_) return refuse(400, "There are two Transfer-Encoding headers.");
  if (!http_1_1_) return refuse(400, "HTTP/1.0 knows no Transfer-Encoding.");
  if (!same(value, "chunked")) return refuse(501, "The only Transfer-Encoding that is understood is chunked.");
  chunked_ = true;
  return state_;
}

splitter::state splitter::end_head() {
  if (chunked_ && has_length_) return refuse(400, "Content-Length and Transfer-Encoding contradict each other.");
  if (http_1_1_ && !has_host_) return refuse(400, "The Host header is missing.");
  keep_alive_ = !wants_close_ && (http_1_1_ || wants_keep_alive_);
  has_body_ = chunked_ || remaining_ > 0;
  announced_ = remaining_;
  upgrade_ = get_ && http_1_1_ && wants_upgrade_ && to_websocket_ && !has_body_;
  wants_continue_ = wants_continue_ && has_body_;
  section_ = position_; // the bound on what is encoded counts from here
  if (chunked_)
    phase_ = phase::chunk_size;
  else
    phase_ = remaining_ > 0 ? phase::body : phase::done;
  return state_;
}

splitter::state splitter::take_chunk_size(std::string_view line) {
  const auto digits = line.substr(0, std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size()));
  const auto rest = trim(line.substr(digits.size()));
  uint64_t size = 0;
  const auto fault = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16).ec;
  if (digits.empty() || fault == std::errc::invalid_argument) return refuse(400, "A chunk's size is not a number.");
  if ((!rest.empty() && rest.front() != ';') || !is_field_value(rest))
    return refuse(400, "A chunk's size is followed by something that is no extension.");
  if (fault != std::errc{} || size > body_limit_ - body_ || position_ - section_ > encoded_factor * body_limit_)
    return refuse(413, "The body is larger than 8 MiB: send it in smaller parts.");
  body_ += size;
  remaining_ = size + 2;
  if (size == 0) section_ = position_;
  phase_ = size == 0 ? phase::trailer : phase::chunk_data;
  return state_;
}

splitter::state splitter::skip_data(std::string_view buffer) {
  const auto taken = std::min<uint64_t>(remaining_, buffer.size() - position_);
  position_ += taken;
  remaining_ -= taken;
  searched_ = position_;
  if (remaining_ > 0) return state_;
  if (phase_ == phase::body) {
    phase_ = phase::done;
    return state_;
  }
  if (buffer.substr(position_ - 2, 2) != "\r\n") return refuse(400, "A chunk is longer than its size says.");
  phase_ = phase::chunk_size;
  return state_;
}

} // namespace agentmon
