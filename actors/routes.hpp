#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "http/static_files.hpp"
#include "http/worker.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// What each port answers: the routes of its workers.
namespace agentmon {

/// Every port: /healthz, /readyz (vital: the dependency without which this port cannot do its work), /metrics.
void add_common_routes(router&, node_context&, std::string_view vital);

/// Guards /v1: by the door, and from WebSockets of other sites' pages.
void guard(router&, const door&);

/// The handlers of a WebSocket that is closed when its key does not count any more.
websocket_handlers watched(node_context&, const door&, websocket_handlers);

door ingest_door(const node_context&);
door query_door(const node_context&);
/// Tells of the page's port; the query port behind it is who looks.
door ui_door(const node_context&);

/// An actor's failure as an HTTP answer.
response answer_of(const failure&);

application gateway_routes(node_context&, const gate_actor&);
application query_routes(node_context&, const reader_actor&, const broadcaster_actor&, const operations_actor&);
/// The common routes alone, of a node without any other port.
application health_routes(node_context&, std::string_view vital);
application ui_routes(node_context&, const proxy_actor&, const std::shared_ptr<const static_files>&);

} // namespace agentmon
