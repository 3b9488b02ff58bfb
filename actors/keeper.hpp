#pragma once
#include "actors/context.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/fwd.hpp>

#include <functional>
#include <string>

namespace agentmon {

/// Starts one actor; called again after each crash.
using starter = std::function<caf::actor(caf::actor_system&)>;

/// A keeper supervises one actor and stands before it: its handle stays good over restarts, messages are passed on.
/// After a crash the actor is started again, with backoff; while it is away requests fail with fault::unavailable.
/// More than limits::restart_budget crashes within limits::restart_window end the keeper, which ends the node.
/// An exit message to the keeper ends the actor first.
caf::actor spawn_keeper(caf::actor_system&, node_context&, std::string name, starter);

/// The same for `count` equal actors behind one handle, each asked one thing at a time. Requests wait for a free one,
/// at most `waiting` of them; more fail with fault::overload.
caf::actor spawn_pool(caf::actor_system&, node_context&, std::string name, size_t count, size_t waiting, starter);

/// The typed handle that stands for the kept actor.
template <class Handle>
Handle as(const caf::actor& keeper) {
  return caf::actor_cast<Handle>(keeper);
}

} // namespace agentmon
