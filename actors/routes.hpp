#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "http/static_files.hpp"
#include "http/worker.hpp"

#include <memory>
#include <string_view>

/// What each port answers: the routes of its workers.
namespace agentmon {

/// Every port: /healthz, /readyz (vital: the dependency without which this port cannot do its work), /metrics.
void add_common_routes(router&, node_context&, std::string_view vital);

/// An actor's failure as an HTTP answer.
response answer_of(const failure&);

application gateway_routes(node_context&, gate_actor);
application query_routes(node_context&, reader_actor, broadcaster_actor);
application ui_routes(node_context&, proxy_actor, std::shared_ptr<const static_files>);

} // namespace agentmon
