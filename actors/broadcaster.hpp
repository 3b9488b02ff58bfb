#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

broadcaster_actor spawn_broadcaster(caf::actor_system&, node_context&);

} // namespace agentmon
