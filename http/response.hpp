#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agentmon {

/// An answer before it is bytes.
struct response {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json"; ///< left out of the answer when empty
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// What the request decides about its answer's form.
struct answer_form {
  bool head = false;         ///< HEAD: all headers, no body
  bool keep_alive = true;    ///< false: "Connection: close"
  bool accepts_gzip = false; ///< bodies from 1 KiB of a compressible type are then sent as gzip
};

/// The whole answer as HTTP/1.1 bytes, with Date, Content-Length, Connection and X-Content-Type-Options. Header names
/// and values must not hold line breaks: such a header is left out. Safe from any thread.
std::string to_bytes(const response&, answer_form);

/// One thing that is wrong with a request, for error.details.
struct error_detail {
  size_t index = 0;    ///< of the event in the batch
  std::string field;   ///< "event.ts"
  std::string message; ///< a sentence
};

/// {"error":{"code","message","details"}}; 503 and 429 also get Retry-After (limits::retry_after).
response error(int status, std::string_view code, std::string_view message,
               const std::vector<error_detail>& details = {});

/// Why a request is not answered by the application: an HTTP status and a sentence for the client.
struct refusal {
  int status = 400;
  std::string message;
};

/// The answer to a refused request; 426 names the WebSocket version that is spoken.
response to_response(const refusal&);

/// The code word that goes with a status when there is nothing more exact to say: 404 "not_found".
std::string_view code_of_status(int status);

/// "Not Found" for 404.
std::string_view reason_phrase(int status);

/// gzip of `text`, level 1 (fast, for answers) to 9 (small, for files that are packed once).
std::string gzip(std::string_view text, int level);

/// Does an Accept-Encoding header allow gzip (RFC 9110 section 12.5.3)?
bool accepts_gzip(std::string_view accept_encoding);

} // namespace agentmon
