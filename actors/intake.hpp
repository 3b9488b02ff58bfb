#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

#include <caf/fwd.hpp>

namespace agentmon {

intake_actor spawn_intake(caf::actor_system&, node_context&, gate_actor);

} // namespace agentmon
