#include "http/request.hpp"

#include "http/inflate.hpp"
#include "http/text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace agentmon {
namespace {

using namespace http_text;

/// Text in memory, given to the parser; what the parser writes is thrown away.
class memory_stream : public httplib::Stream {
public:
  explicit memory_stream(std::string_view text) : text_{text} {}
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    const auto taken = std::min(size, text_.size());
    std::memcpy(to, text_.data(), taken);
    text_.remove_prefix(taken);
    return static_cast<ssize_t>(taken);
  }
  ssize_t write(const char*, size_t size) override { return static_cast<ssize_t>(size); }
  void get_remote_ip_and_port(std::string&, int& port) const override { port = 0; }
  void get_local_ip_and_port(std::string&, int& port) const override { port = 0; }
  socket_t socket() const override { return INVALID_SOCKET; }

private:
  std::string_view text_;
};

/// cpp-httplib's parser of the request line and query. Headers and body do not go through it: 0.11.4 percent-decodes
/// header values (so %0d%0a would become a line break), reads Range with a recursive std::regex, takes no trailers,
/// cuts forms off at 8 KiB, and its gzip is without a bound and loses what zlib still holds back at the end of the
/// input.
class request_line_parser : public httplib::Server {
public:
  request_line_parser() {
    set_pre_routing_handler([](const httplib::Request&, httplib::Response&) { return HandlerResponse::Handled; });
  }

  /// Empty when the line is not understood.
  std::optional<httplib::Request> parse(std::string_view line) {
    memory_stream stream{line};
    std::optional<httplib::Request> parsed;
    bool closed = false;
    const auto take = [&](httplib::Request& request) { parsed = std::move(request); };
    // The signature depends on the release: 0.11 (Debian 12) has no addresses, 0.18 (Debian 13) has.
    const auto parse_with = [&](auto&& self) {
      if constexpr (requires { self.process_request(stream, false, closed, take); })
        self.process_request(stream, false, closed, take);
      else
        self.process_request(stream, std::string{}, 0, std::string{}, 0, false, closed, take);
    };
    parse_with(*this);
    return parsed;
  }
};

/// What a request line says, and the line.
struct understood_line {
  std::string line;
  std::optional<httplib::Request> request;
};

/// A port is asked nearly the same all the time, and the parser costs more than all the rest of a small request: the
/// last line is kept.
const std::optional<httplib::Request>& parse_request_line(std::string_view line) {
  thread_local request_line_parser parser;
  thread_local understood_line last;
  if (last.line.empty() || last.line != line) {
    last.request = parser.parse(std::string{line} + "\r\n\r\n");
    last.line = line;
  }
  return last.request;
}

/// The header lines of a head that the splitter has checked, exactly as they came.
httplib::Headers parse_headers(std::string_view lines) {
  httplib::Headers headers;
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const auto line = lines.substr(0, end);
    const auto colon = std::min(line.find(':'), line.size() - 1);
    headers.emplace(line.substr(0, colon), trim(line.substr(colon + 1)));
    lines.remove_prefix(end == lines.npos ? lines.size() : end + 2);
  }
  return headers;
}

/// Joins the chunks of a body that the splitter has checked; extensions and trailers are dropped.
std::string join_chunks(std::string_view encoded) {
  std::string body;
  for (;;) {
    size_t size = 0;
    std::from_chars(encoded.data(), encoded.data() + encoded.size(), size, 16);
    const auto line = encoded.find("\r\n");
    if (size == 0 || line == encoded.npos) return body;
    const auto data = encoded.substr(line + 2);
    body += data.substr(0, size);
    encoded = data.substr(std::min(size + 2, data.size()));
  }
}

std::string_view header(const httplib::Headers& headers, const char* name) {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

tl::expected<std::string, refusal> decode(std::string_view encoding, std::string body) {
  if (encoding.empty() || same(encoding, "identity")) return body;
  if (!same(encoding, "gzip") && !same(encoding, "x-gzip") && !same(encoding, "deflate"))
    return tl::unexpected{refusal{415, "The only Content-Encoding that is understood is gzip or deflate."}};
  auto inflated = inflate(body, limits::body_bytes);
  if (inflated) return std::move(*inflated);
  const auto& why = inflated.error();
  const int status = why.code == fault::overload ? 413 : why.code == fault::invalid ? 400 : 503;
  return tl::unexpected{refusal{status, why.message}};
}

} // namespace

tl::expected<httplib::Request, refusal> parse_request(std::string_view bytes) {
  const auto line_end = bytes.find("\r\n");
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == bytes.npos) return tl::unexpected{refusal{400, "The request has no end of its headers."}};
  if (line_end > CPPHTTPLIB_REQUEST_URI_MAX_LENGTH)
    return tl::unexpected{refusal{414, "The request's target is too long."}};
  const auto& asked = parse_request_line(bytes.substr(0, line_end));
  if (!asked) return tl::unexpected{refusal{400, "The request line has an unknown method or a malformed target."}};
  tl::expected<httplib::Request, refusal> request{tl::in_place};
  request->method = asked->method;
  request->path = asked->path;
  request->target = asked->target;
  request->version = asked->version;
  request->params = asked->params;
  const auto first = std::min(line_end + 2, head_end);
  request->headers = parse_headers(bytes.substr(first, head_end - first));
  const auto encoded = bytes.substr(head_end + 4);
  const bool chunked = !header(request->headers, "Transfer-Encoding").empty();
  auto body =
      decode(header(request->headers, "Content-Encoding"), chunked ? join_chunks(encoded) : std::string{encoded});
  if (!body) return tl::unexpected{std::move(body.error())};
  request->body = std::move(*body);
  return request;
}

} // namespace agentmon
