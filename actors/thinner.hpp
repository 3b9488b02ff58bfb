#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

thinner_actor spawn_thinner(caf::actor_system&, node_context&);

} // namespace agentmon
