#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "actors/supervisor.hpp"
#include "protocol/failure.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <string>
#include <vector>

namespace agentmon {

/// The actors of one node, wired. Stop them in the order of the path: first what lets events in, last what keeps them.
struct pipeline {
  caf::actor supervisor;                 ///< the parent of all keepers; to be there before
  std::vector<listener_actor> listeners; ///< asked to drain before anything else stops
  caf::actor fleet;                      ///< of the monitor role, else invalid; stops next
  journal_actor journal;                 ///< of the ingest and monitor roles, else invalid
  named_actors actors;                   ///< in stop order
  services_actor services;               ///< of private servers, else invalid; stops last
};

/// Starts and wires what the node's roles need, all under built.supervisor; the only place where an actor learns who
/// its neighbours are.
/// Fails when a port is taken; what was started by then is in `built` and must be stopped, too.
result<void> start_pipeline(caf::actor_system&, node_context&, pipeline& built);

} // namespace agentmon
