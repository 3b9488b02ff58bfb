#pragma once
#include "http/messages.hpp"
#include "http/splitter.hpp"
#include "http/websocket.hpp"

#include <caf/io/connection_handle.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace agentmon {

using time_point = std::chrono::steady_clock::time_point;

/// What a connection is busy with.
enum class phase : uint8_t {
  idle,      ///< between requests: nothing of the next one has come
  request,   ///< part of a request has come
  answering, ///< a worker holds the request; what comes behind it waits
  skipping,  ///< refused already; the rest of its body is read and thrown away
  sending,   ///< the answer is not all written, and the next request waits for that, too
  websocket,
  tunnel,  ///< wired to `other`
  closing, ///< nothing is read any more but the end; what is unsent still goes out
};

/// All that a listener remembers of one connection.
struct connection {
  connection_id id;
  caf::io::connection_handle handle;
  size_t worker = 0; // index of the only worker that it speaks to
  agentmon::phase phase = phase::idle;
  time_point deadline;               // of the phase; see listener_state::tick for what happens then
  time_point written;                // when the kernel last took something of what is unsent
  std::string in;                    // received, not yet handed on
  splitter request;                  // at the front of `in`
  uint64_t claimed = 0;              // room that is kept for the body on its way
  time_point claim_end;              // until then
  uint64_t skip = 0;                 // bytes of a refused body that are still to come
  uint64_t unsent = 0;               // bytes in CAF's buffers
  size_t chunk = limits::read_chunk; // of one read
  bool halted = false;               // not reading, so that TCP slows the sender down

  std::unique_ptr<agentmon::websocket> socket; // phase websocket only
  time_point heard;                            // when the WebSocket's client last sent anything
  time_point pinged;
  size_t unanswered = 0;  // its texts that a worker holds
  uint64_t dropped = 0;   // frames that it did not get while it was congested
  bool congested = false; // its worker has been told so

  connection_id other; // the tunnel's other end
};

} // namespace agentmon
