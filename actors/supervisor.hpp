#pragma once
#include "actors/context.hpp"
#include "protocol/limits.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace agentmon {

using named_actors = std::vector<std::pair<std::string, caf::actor>>;

/// The top of the tree: the parent of all keepers. When one of them gives up, the whole role of its actor is started
/// anew, in path order; when that happens to a role more than limits::role_budget times within limits::role_window,
/// `give_up` is called with the reason. It is also called when one of those ends that it is told to watch.
caf::actor spawn_supervisor(caf::actor_system&, node_context&, std::function<void(const std::string&)> give_up);

/// From now on their end, unless it was asked for, ends the node.
void watch(const caf::actor& supervisor, named_actors);

} // namespace agentmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::named_actors)
