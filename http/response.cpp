#include "http/response.hpp"

#include "http/text.hpp"
#include "protocol/limits.hpp"
#include "protocol/utf_8.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <zlib.h>

namespace agentmon {
namespace {

using namespace http_text;

constexpr int answer_gzip_level = 4; // half the time of 6 for a tenth more bytes, on JSON

/// "Sun, 06 Nov 1994 08:49:37 GMT", made once a second for each thread.
std::string_view date() {
  thread_local std::time_t made_at = 0;
  thread_local std::array<char, 32> text{};
  thread_local size_t size = 0;
  const auto seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (seconds != made_at) {
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    made_at = seconds;
  }
  return {text.data(), size};
}

bool compressible(std::string_view content_type) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  return type.starts_with("text/") || type == "application/json" || type == "application/javascript"
         || type == "image/svg+xml" || type == "application/manifest+json";
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) return;
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

/// RFC 9110: no body, and no Content-Length either.
constexpr bool bodiless(int status) { return status < 200 || status == 204 || status == 304; }

} // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
  case 101: return "Switching Protocols";
  case 200: return "OK";
  case 201: return "Created";
  case 202: return "Accepted";
  case 204: return "No Content";
  case 301: return "Moved Permanently";
  case 302: return "Found";
  case 304: return "Not Modified";
  case 307: return "Temporary Redirect";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 408: return "Request Timeout";
  case 409: return "Conflict";
  case 413: return "Content Too Large";
  case 414: return "URI Too Long";
  case 415: return "Unsupported Media Type";
  case 417: return "Expectation Failed";
  case 422: return "Unprocessable Content";
  case 426: return "Upgrade Required";
  case 429: return "Too Many Requests";
  case 431: return "Request Header Fields Too Large";
  case 500: return "Internal Server Error";
  case 501: return "Not Implemented";
  case 502: return "Bad Gateway";
  case 503: return "Service Unavailable";
  case 504: return "Gateway Timeout";
  case 505: return "HTTP Version Not Supported";
  default: return status < 400 ? "OK" : "Error";
  }
}

std::string_view code_of_status(int status) {
  switch (status) {
  case 401: return "unauthorized";
  case 403: return "forbidden";
  case 404: return "not_found";
  case 405: return "method_not_allowed";
  case 408:
  case 504: return "timeout";
  case 413: return "too_large";
  case 414: return "target_too_long";
  case 415: return "unsupported_encoding";
  case 426: return "upgrade_required";
  case 429: return "overload";
  case 431: return "head_too_large";
  case 501:
  case 505: return "not_supported";
  case 502:
  case 503: return "unavailable";
  default: return status >= 500 ? "internal" : "invalid";
  }
}

std::string gzip(std::string_view text, int level) {
  constexpr int gzip_format = 15 + 16;
  constexpr int memory_level = 8;
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_format, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data())); // zlib does not write to it
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(whole ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool gzip = false;
  bool any = false;
  bool named = false;
  for_each_element(accept_encoding, [&](std::string_view element) {
    const auto semicolon = std::min(element.find(';'), element.size());
    const auto coding = trim(element.substr(0, semicolon));
    const auto weight = trim(element.substr(std::min(semicolon + 1, element.size())));
    const bool wanted = !(weight.starts_with("q=0") && weight.find_first_of("123456789", 3) == weight.npos);
    if (same(coding, "gzip") || same(coding, "x-gzip")) {
      gzip = wanted;
      named = true;
    }
    if (coding == "*") any = wanted;
  });
  return named ? gzip : any;
}

std::string to_bytes(const response& answer, answer_form form) {
  const auto has = [&](std::string_view name) {
    return std::any_of(answer.headers.begin(), answer.headers.end(),
                       [&](const auto& h) { return same(h.first, name); });
  };
  std::string packed;
  const bool may_pack =
      answer.body.size() >= limits::gzip_from_bytes && compressible(answer.content_type) && !has("Content-Encoding");
  if (may_pack && form.accepts_gzip) packed = gzip(answer.body, answer_gzip_level);
  const bool is_packed = !packed.empty() && packed.size() < answer.body.size();
  const std::string_view body = is_packed ? packed : answer.body;

  std::string out;
  out.reserve(256 + (form.head ? 0 : body.size()));
  out += "HTTP/1.1 ";
  out += std::to_string(answer.status);
  out += ' ';
  out += reason_phrase(answer.status);
  out += "\r\n";
  append_header(out, "Date", date());
  for (const auto& [name, value] : answer.headers) append_header(out, name, value);
  if (!bodiless(answer.status)) {
    if (!answer.content_type.empty()) append_header(out, "Content-Type", answer.content_type);
    append_header(out, "Content-Length", std::to_string(body.size()));
    if (is_packed) append_header(out, "Content-Encoding", "gzip");
    if (may_pack && !has("Vary")) append_header(out, "Vary", "Accept-Encoding");
  }
  if (!has("X-Content-Type-Options")) append_header(out, "X-Content-Type-Options", "nosniff");
  if (answer.status != 101) append_header(out, "Connection", form.keep_alive ? "keep-alive" : "close");
  out += "\r\n";
  if (!form.head && !bodiless(answer.status)) out += body;
  return out;
}

response error(int status, std::string_view code, std::string_view message, const std::vector<error_detail>& details) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer writer{buffer};
  const auto string = [&](std::string_view given) {
    const auto text = to_utf_8(given); // it may quote what the client sent
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  };
  writer.StartObject();
  writer.Key("error");
  writer.StartObject();
  writer.Key("code");
  string(code);
  writer.Key("message");
  string(message);
  writer.Key("details");
  writer.StartArray();
  for (const auto& detail : details) {
    writer.StartObject();
    writer.Key("index");
    writer.Uint64(detail.index);
    writer.Key("field");
    string(detail.field);
    writer.Key("message");
    string(detail.message);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  writer.EndObject();
  response answer{.status = status, .body = {buffer.GetString(), buffer.GetSize()}};
  if (status == 503 || status == 429)
    answer.headers.emplace_back("Retry-After",
                                std::to_string(std::chrono::ceil<std::chrono::seconds>(limits::retry_after).count()));
  return answer;
}

response to_response(const refusal& refused) {
  auto answer = error(refused.status, code_of_status(refused.status), refused.message);
  if (refused.status == 426) answer.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
  return answer;
}

} // namespace agentmon
