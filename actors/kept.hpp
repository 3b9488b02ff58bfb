#pragma once
#include "actors/backoff.hpp"
#include "actors/keeper.hpp"

#include <caf/all.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace agentmon {

/// What a keeper tells itself, or is asked by the node's book. It begins with no atom, unlike all that is for the
/// actor.
struct upkeep {
  enum class kind : uint8_t { start, restart, replace, too_late };
  kind what;
  uint64_t index = 0; ///< of a pool's member
  uint64_t life = 0;  ///< of the actor that it is about
  std::string reason = {};
};

/// One supervised actor, for the keeper or pool that stands before it: its lives, its crashes, its record. For the
/// keeper's own thread.
class kept {
public:
  /// `changed` is called when the actor has come or gone.
  kept(caf::event_based_actor* self, node_context&, child_spec, uint64_t index, std::function<void()> changed);
  kept(const kept&) = delete;
  kept& operator=(const kept&) = delete;
  ~kept();

  void start();
  void take(const upkeep&);

  /// True when this was about it.
  bool down(const caf::down_msg&);

  /// Ends it and starts it no more; false when it was away already.
  bool end(const caf::error& reason);

  const std::string& name() const { return spec_.name; }
  uint64_t life() const { return life_; }
  bool has_ended() const { return ending_ && !actor; }

  caf::actor actor; ///< invalid while it is away

private:
  void restart(const std::string& reason);
  /// Leaves it to itself: whatever it still does, nobody listens.
  void abandon();
  void crashed(const std::string& reason);

  caf::event_based_actor* self_;
  node_context* node_;
  const child_spec spec_;
  const uint64_t index_;
  const std::function<void()> changed_;
  std::shared_ptr<actor_record> record_;
  uint64_t life_ = 0;
  bool ending_ = false;
  std::optional<std::string> wanted_; ///< why it was asked to end, to be started anew
  std::vector<caf::actor_addr> abandoned_;
  std::deque<caf::actor_clock::time_point> crashes_;
  backoff retry_{limits::restart_min, limits::restart_max};
};

/// Passes the message in hand on, so that the receiver answers its sender directly.
caf::result<caf::message> pass_on(caf::scheduled_actor* self, const caf::actor& to, caf::message);

/// What those are told who ask for an actor that is away.
caf::error away(const std::string& name);

} // namespace agentmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::upkeep)
