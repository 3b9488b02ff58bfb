#include "check.hpp"
#include "http/request.hpp"
#include "http/splitter.hpp"
#include "http/text.hpp"

#include <algorithm>
#include <string>

// One client's bytes, as the listener treats them: however they are cut, the same requests come out of them, and what
// the splitter calls whole, the parser understands as the same request.
namespace agentmon::fuzz {
namespace {

struct limit_pair {
  size_t head;
  size_t body;
};

/// What one connection made of its bytes.
struct conversation {
  struct request {
    std::string bytes;
    bool keep_alive = false;
    bool upgrade = false;
    bool wants_continue = false;
    bool operator==(const request&) const = default;
  };
  std::vector<request> requests;
  int refusal = 0;
  std::string_view reason;
  bool operator==(const conversation&) const = default;
};

/// The bytes that one unfinished request can make a listener keep: its head, three times its body (the encoded form of
/// chunks), and its trailers.
size_t most_kept(limit_pair limit) { return 2 * limit.head + 3 * limit.body + 1024; }

conversation talk(std::string_view input, limit_pair limit, cutting way) {
  conversation heard;
  splitter s{limit.head, limit.body};
  std::string buffer;
  for (const auto size : cut(input, way)) {
    buffer += input.substr(0, size);
    input.remove_prefix(size);
    for (;;) {
      const exact_copy received{buffer};
      const auto state = s.feed(received.text());
      if (state == splitter::state::more) break;
      if (state == splitter::state::refused) {
        heard.refusal = s.status();
        heard.reason = s.reason();
        return heard;
      }
      const auto end = s.begin() + s.length();
      check(end <= buffer.size() && s.length() > 0 && s.head_complete(), "a whole request lies in what was received");
      heard.requests.push_back({buffer.substr(s.begin(), s.length()), s.keep_alive(), s.upgrade(), s.wants_continue()});
      if (!s.keep_alive() || s.upgrade()) return heard;
      buffer.erase(0, end);
      s.reset();
    }
    if (way != cutting::whole) check(buffer.size() <= most_kept(limit), "an unfinished request has a bound");
  }
  return heard;
}

/// Statuses that the parser may answer a request with that is framed well: an unknown method or a malformed target or
/// gzip (400), a body that inflates too far (413), a long target (414), an unknown encoding (415).
bool is_understood_refusal(int status) { return status == 400 || status == 413 || status == 414 || status == 415; }

/// Reads the whole request alone: it must end where it ended among the others.
void check_alone(const conversation::request& request, limit_pair limit) {
  splitter s{limit.head, limit.body};
  check(s.feed(request.bytes) == splitter::state::whole && s.begin() == 0 && s.length() == request.bytes.size(),
        "a request is whole by itself");
  for (const size_t missing : {size_t{1}, size_t{2}, request.bytes.size() / 2, request.bytes.size()}) {
    if (missing > request.bytes.size()) continue;
    splitter shorter{limit.head, limit.body};
    check(shorter.feed(std::string_view{request.bytes}.substr(0, request.bytes.size() - missing))
              == splitter::state::more,
          "a request without its end is not whole");
  }
}

void check_parsed(const conversation::request& request) {
  const exact_copy bytes{request.bytes};
  const auto parsed = parse_request(bytes.text());
  if (!parsed) {
    check(is_understood_refusal(parsed.error().status) && !parsed.error().message.empty()
              && parsed.error().message.find("no end of its headers") == std::string::npos,
          "a whole request is understood, or refused for what it asks");
    return;
  }
  const auto line = bytes.text().substr(0, bytes.text().find("\r\n"));
  check(line == parsed->method + ' ' + parsed->target + ' ' + parsed->version, "the parser reads the same line");
  check(parsed->body.size() <= limits::body_bytes, "a decoded body has a bound");
  const auto head = bytes.text().substr(0, bytes.text().find("\r\n\r\n"));
  const auto line_ends = std::count(head.begin(), head.end(), '\n');
  check(static_cast<size_t>(line_ends) == parsed->headers.size(), "each header line is one header");
  for (const auto& [name, value] : parsed->headers)
    check(http_text::is_token(name) && http_text::is_field_value(value), "headers hold no control characters");
  if (parsed->has_header("Content-Length") && !parsed->has_header("Content-Encoding"))
    check(parsed->get_header_value("Content-Length").find_first_not_of('0') == std::string::npos
              ? parsed->body.empty()
              : std::stoull(parsed->get_header_value("Content-Length")) == parsed->body.size(),
          "the body is as long as it says");
}

} // namespace
} // namespace agentmon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace agentmon::fuzz;
  namespace limits = agentmon::limits;
  const auto input = text_of(data, size);
  for (const auto limit : {limit_pair{limits::head_bytes, limits::body_bytes}, limit_pair{200, 100}}) {
    const auto heard = talk(input, limit, cutting::whole);
    check(heard == talk(input, limit, cutting::bytes), "the result does not depend on how the bytes were cut");
    check(heard == talk(input, limit, cutting::random), "the result does not depend on how the bytes were cut");
    check(heard.refusal == 0 || (heard.refusal >= 400 && heard.reason.ends_with('.')), "a refusal says why");
    for (const auto& request : heard.requests) {
      check_alone(request, limit);
      check_parsed(request);
    }
  }
  return 0;
}
