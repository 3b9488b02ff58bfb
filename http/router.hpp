#pragma once
#include "http/exchange.hpp"
#include "http/interfaces.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

struct worker_context; // http/worker.hpp

/// One end of a WebSocket: whom to push to. A value; may be kept and sent to other actors of this process.
struct websocket_peer {
  listener_actor listener;
  connection_id id;
};

/// One text message of a client. As long as a copy of it lives, the client is counted as waiting for us: after
/// limits::websocket_unanswered of them the listener stops reading from it. So keep it until the work is done.
class websocket_text {
public:
  websocket_text(websocket_peer, std::string, held share);
  const websocket_peer& peer() const;
  std::string& text();
  /// Sends one text frame to the client.
  void answer(std::string_view json);

private:
  struct state;
  std::shared_ptr<state> state_;
};

/// What one WebSocket route does; any of these may be left empty. All are called on the worker's thread.
struct websocket_handlers {
  /// Asked before the handshake is answered: a response refuses it. `exchange` is for reading only.
  std::function<std::optional<response>(worker_context&, exchange&)> admit;
  /// The handshake is on its way; what is pushed from here on arrives behind it.
  std::function<void(worker_context&, const websocket_peer&, exchange&)> opened;
  std::function<void(worker_context&, websocket_text)> text;
  /// The last call for this peer, exactly one for each `opened`.
  std::function<void(worker_context&, const websocket_peer&)> closed;
  /// True: pushes to this peer are being dropped, it reads too slowly; false: it has caught up, and `dropped` frames
  /// were lost to it.
  std::function<void(worker_context&, const websocket_peer&, bool, uint64_t dropped)> congested;
};

/// Finds the handler of a request. Patterns are exact segments ("/v1/runs"), captures ("/v1/runs/{id}", never empty)
/// or, as last segment only, "*" for any rest ("/v1/*"). Exact beats capture beats rest. Segments are compared after
/// percent-decoding, so that an encoded "/" never splits one.
/// GET also answers HEAD; OPTIONS is answered with 204 and Allow; unknown paths with 404, other methods with 405.
class router {
public:
  using handler = std::function<void(worker_context&, exchange)>;

  /// `method` in capitals, or "*" for every method (OPTIONS included).
  router& on(std::string_view method, std::string_view pattern, handler);

  /// A handshake on this pattern; a plain GET on it gets 426.
  router& websocket(std::string_view pattern, websocket_handlers);

  /// Called for paths that no pattern matches, instead of 404 (static files).
  router& otherwise(handler);

  /// Looks at every request before its handler: a response answers it (tokens, draining).
  router& before(std::function<std::optional<response>(const exchange&)>);

  /// Calls the handler, or answers itself. For a WebSocket route and `handshake` it answers nothing and returns the
  /// handlers: the caller makes the WebSocket. The pointer lives as long as the router.
  const websocket_handlers* route(worker_context&, exchange, bool handshake) const;

private:
  struct entry {
    std::string method;
    std::vector<std::string> segments;
    handler handle;
    std::shared_ptr<websocket_handlers> socket;
  };
  router& add(entry);

  std::vector<entry> entries_;
  handler otherwise_;
  std::vector<std::function<std::optional<response>(const exchange&)>> before_;
};

} // namespace agentmon
