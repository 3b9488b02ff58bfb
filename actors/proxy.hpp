#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Speaks to AGENTMON_QUERY_BASE over one kept-alive connection.
proxy_actor spawn_proxy(caf::actor_system&, node_context&);

} // namespace agentmon
