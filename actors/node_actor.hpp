#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

#include <caf/fwd.hpp>

namespace agentmon {

/// To whom the node passes on what others ask of it; what its roles do not need is invalid.
struct node_neighbours {
  intake_actor intake;
  viewers_actor viewers;
  leases_actor leases;
  operations_actor operations;
  key_reader_actor keys;
};

node_actor spawn_node_actor(caf::actor_system&, node_context&, node_neighbours);

} // namespace agentmon
