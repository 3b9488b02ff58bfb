#pragma once
#include "actors/interfaces.hpp"
#include "protocol/limits.hpp"
#include "settings/settings.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace agentmon {

/// Who belongs to the cluster, how each is, and the way to it. Safe from any thread; the membership actor keeps it up
/// to date, everybody else asks.
class roster {
public:
  using clock = std::chrono::steady_clock;

  /// What this process tells of itself. Before anybody else uses it.
  void enter(const settings&);
  void set_load(uint32_t permille);
  member self() const;

  /// A greeting, or the answer to one. fault::invalid says why the two do not belong together.
  result<void> heard(const member& who, node_actor reached_by, clock::time_point at = clock::now());
  /// What another member says of a third one: where it may be found.
  void told(const member& about, clock::time_point at = clock::now());
  /// It has said goodbye: this incarnation of it never comes back.
  void left(const std::string& name, uint64_t incarnation);
  /// The handle no longer leads anywhere.
  void lost(const caf::actor_addr&);
  /// Those that were silent for too long are away from now on, and forgotten after limits::member_forgotten.
  void look(clock::time_point at = clock::now());

  /// All members, this one first, then by name.
  std::vector<member> all() const;
  /// The way to a member; fault::unavailable while it is away, fault::not_found when there is none of that name.
  result<node_actor> find(const std::string& name) const;

  struct reached {
    member who;
    node_actor handle;
  };
  /// The other members that are alive.
  std::vector<reached> others() const;
  /// Has another node with this role ever been heard of since the start?
  bool knew_role(role) const;

  /// Addresses of members that are not alive: worth a dial.
  std::vector<std::string> missing() const;

private:
  struct seen {
    member who;
    node_actor handle; ///< invalid unless it is alive
    clock::time_point heard;
  };
  void turn(seen&, presence, std::string_view why);

  mutable std::mutex mutex_;
  member self_;
  std::map<std::string, seen> others_;
};

/// Why these two do not belong together; nothing when they do.
std::optional<std::string> mismatch(const member& here, const member& there);

} // namespace agentmon
