#pragma once
#include "protocol/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace agentmon {

/// Finds where one HTTP/1.0 or 1.1 request ends in a buffer that grows, without decoding it. What RFC 9112 lets two
/// readers understand differently is refused, so that nobody can hide a second request inside the first.
/// Each byte is looked at once, however the sender cuts its stream.
class splitter {
public:
  enum class state : uint8_t { more, whole, refused };

  explicit splitter(size_t head_limit = limits::head_bytes, size_t body_limit = limits::body_bytes);

  /// `buffer` holds everything that was received since the request's first byte: only ever longer than at the last
  /// call. After `whole` or `refused` nothing changes until reset().
  state feed(std::string_view buffer);

  /// Forgets the request; the next buffer begins behind it.
  void reset();

  /// Valid after `whole`: the request is [begin, begin + length); empty lines before it are no part of it.
  size_t begin() const { return begin_; }
  size_t length() const { return position_ - begin_; }

  /// Valid after `refused`: the status to answer with (then close) and a sentence for the client.
  int status() const { return status_; }
  std::string_view reason() const { return reason_; }

  /// True once all header lines have been read.
  bool head_complete() const { return phase_ >= phase::body; }

  /// Valid once the head is complete.
  bool keep_alive() const { return keep_alive_; }
  bool upgrade() const { return upgrade_; } ///< a WebSocket handshake (its headers are not checked yet)
  bool has_body() const { return has_body_; }
  uint64_t announced() const { return announced_; }              ///< the body's length; 0 when it comes in chunks
  uint64_t missing() const { return chunked_ ? 0 : remaining_; } ///< of an announced body, not yet in the buffer
  bool wants_continue() const { return wants_continue_; } ///< the client waits for "100 Continue" before its body

private:
  enum class phase : uint8_t { request_line, header, body, chunk_size, chunk_data, trailer, done };

  state refuse(int status, std::string_view reason);
  state read_line(std::string_view buffer);
  state take_line(std::string_view line);
  state take_request_line(std::string_view line);
  state take_header(std::string_view line);
  state take_field(std::string_view name, std::string_view value);
  state take_content_length(std::string_view value);
  state take_transfer_encoding(std::string_view value);
  state take_connection(std::string_view value);
  state end_head();
  state take_chunk_size(std::string_view line);
  state skip_data(std::string_view buffer);

  size_t head_limit_;
  size_t body_limit_;
  phase phase_ = phase::request_line;
  state state_ = state::more;
  size_t begin_ = 0;       // of the request line
  size_t position_ = 0;    // everything before it is done with
  size_t searched_ = 0;    // no line end before it
  size_t section_ = 0;     // where the head, or the trailer section, begins
  uint64_t remaining_ = 0; // bytes of the body or chunk that are still to come, line end of a chunk included
  uint64_t announced_ = 0; // by Content-Length
  uint64_t body_ = 0;      // decoded bytes announced so far
  bool http_1_1_ = false;
  bool get_ = false;
  bool keep_alive_ = false;
  bool wants_close_ = false;
  bool wants_keep_alive_ = false;
  bool wants_upgrade_ = false;
  bool to_websocket_ = false;
  bool upgrade_ = false;
  bool wants_continue_ = false;
  bool has_body_ = false;
  bool has_length_ = false;
  bool chunked_ = false;
  bool has_host_ = false;
  int status_ = 0;
  std::string_view reason_;
};

} // namespace agentmon
