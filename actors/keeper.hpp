#pragma once
#include "actors/context.hpp"
#include "protocol/limits.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace agentmon {

/// Starts one actor; called again after each crash.
using starter = std::function<caf::actor(caf::actor_system&)>;

/// What a keeper must know of an actor.
struct child_spec {
  std::string name = {};  ///< unique on its node, without blanks; a pool numbers its members
  std::string above = {}; ///< its role, or the actor that it belongs to
  starter start = {};
  std::chrono::milliseconds patience = limits::stuck_after; ///< longer at one message, and it is stuck
  bool replaceable = true; ///< another one may work while this one hangs; else that is only told
  caf::actor parent = {};  ///< told (gave_up) when the budget is used up; without one, the keeper ends then
};

/// From a keeper to its parent: this actor of that role crashed more than limits::restart_budget times within
/// limits::restart_window. It stays away until it is restarted.
struct gave_up {
  std::string name;
  std::string above;
};

/// A keeper supervises one actor and stands before it: its handle stays good over restarts, messages are passed on.
/// After a crash the actor is started again, with backoff; while it is away requests fail with fault::unavailable.
/// An actor that hangs is left to itself and replaced (docs/decisions/0016-supervision.md says what is promised then).
/// The node's book (node_context::actors) has all of it. An exit message to the keeper ends the actor first.
caf::actor spawn_keeper(caf::actor_system&, node_context&, child_spec);

/// The same for `count` equal actors behind one handle, each asked one thing at a time. Requests wait for a free one,
/// at most `waiting` of them; more fail with fault::overload.
caf::actor spawn_pool(caf::actor_system&, node_context&, child_spec, size_t count, size_t waiting);

/// The typed handle that stands for the kept actor.
template <class Handle>
Handle as(const caf::actor& keeper) {
  return caf::actor_cast<Handle>(keeper);
}

} // namespace agentmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::gave_up)
