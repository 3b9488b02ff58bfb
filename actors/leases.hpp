#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

#include <caf/fwd.hpp>

namespace agentmon {

/// On a processor: the table in PostgreSQL.
leases_actor spawn_leases(caf::actor_system&, node_context&);

/// On a node without one: the leases of a processor that is reached, another one after each failure.
leases_actor spawn_lease_uplink(caf::actor_system&, node_context&);

} // namespace agentmon
