#pragma once
#include "http/interfaces.hpp"
#include "http/router.hpp"

#include <caf/fwd.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace agentmon {

/// What a handler may use besides its exchange. Lives as long as the worker.
struct worker_context {
  /// For `self->request(handle, time-out, ...).then(ok, error)`; callbacks run on the worker's thread.
  worker_actor::pointer self;
  /// Called when all requests that came together, or one WebSocket text, went through their handlers: what these have
  /// gathered for others can leave as one message. Set by the application.
  std::function<void()> round_ended = {};
};

/// Builds the routes of one worker; called once, on the worker's thread, so that handlers may keep state without locks.
using application = std::function<router(worker_context&)>;

/// A worker: parses requests, routes them, sends the answers to the listener that sent the request.
/// An exception in a handler is answered with 500 and logged; the worker lives on.
worker_actor spawn_worker(caf::actor_system&, application);

/// Sends one text frame to a viewer; ignored when it is gone.
void send_text(const websocket_peer&, std::string_view text);

/// Ends a WebSocket. Codes: 1000 done, 1001 going away, 1008 policy, 1011 our fault, 1013 try again later.
void close(const websocket_peer&, uint16_t code, std::string_view reason);

} // namespace agentmon
