#pragma once
#include "protocol/fold.hpp"
#include "store/machines.hpp"
#include "store/rollups.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace agentmon::store {

/// Hashes std::string and std::string_view alike, so that lookups make no strings.
struct text_hash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// Everything that events amount to, in memory: sessions, runs, rollups and snapshots. A writer adds the new events and
/// then puts the stored states under them; verify() adds all events.
class ledger {
public:
  struct run_entry {
    run_state before; ///< as stored; empty when it is new
    run_state after;
  };
  struct session_entry {
    session_state state;
    std::optional<session_extent> stored;               ///< empty when it is new
    std::map<std::string, run_entry, std::less<>> runs; ///< those that were touched
    std::vector<binary::day> days;                      ///< likewise; mostly one
  };
  using session_map = std::unordered_map<std::string, session_entry, text_hash, std::equal_to<>>;

  void add(const event&);

  /// The stored state of a session or run that add() met. Each once.
  void put(const session_state& stored);
  void put(run_state stored);

  /// Carries what the runs became into sessions and rollups. Once, at the end.
  void settle();

  session_map sessions;
  rollups sums; ///< its days after settle(), without those that are stored already
  std::vector<snapshot> snapshots;
};

} // namespace agentmon::store
