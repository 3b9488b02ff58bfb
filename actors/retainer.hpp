#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

retainer_actor spawn_retainer(caf::actor_system&, node_context&);

} // namespace agentmon
