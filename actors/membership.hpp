#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "control/middleman.hpp"

#include <caf/fwd.hpp>

namespace agentmon {

/// `face` is what the others get to reach this node by.
membership_actor spawn_membership(caf::actor_system&, node_context&, node_actor face, control::link);

} // namespace agentmon
