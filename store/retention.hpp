#pragma once
#include "protocol/limits.hpp"
#include "store/connection.hpp"
#include "store/search.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

/// Drops whole days. What stays is as if the events before had never come: sessions, runs and sums that have events on
/// both sides are made anew of the events that stay, so that verify() need not know of it.
namespace agentmon::store {

/// How much is kept; absent: all.
struct retention_rule {
  std::optional<std::chrono::days> days; ///< whole ones before today
  std::optional<uint64_t> bytes;         ///< of the partitions of all days together
};

/// Where what is kept begins; nothing while all is kept.
result<std::optional<timestamp>> read_kept_from(connection&);

/// Begins a writer's transaction: no day goes until it ends. Gives where what is kept begins.
result<std::optional<timestamp>> begin_with_days_held(connection&);

/// Whether it is this connection, of all processors', that may drop days now: it stays so until the connection ends.
result<bool> take_retention_turn(connection&);

/// The midnight before which everything is to go next, a day further at a time; nothing when the rule is kept. By bytes
/// today stays in any case. It is the day of the clock that is behind, this machine's (`now`) or PostgreSQL's: one that
/// runs ahead drops nothing.
result<std::optional<timestamp>> next_cut(connection&, const retention_rule&, timestamp now);

/// What drop_before() did.
struct dropped_days {
  std::vector<run_key> remade;       ///< these have no words yet: index_runs()
  std::chrono::microseconds held{0}; ///< so long writers waited, and the last moment of it questions, too
};

/// Drops everything before this midnight in one transaction. So long it waits, and others behind it, for a question
/// that reads the events. fault::timeout: somebody reads them for longer (a backup, a verification); nothing was
/// dropped, and it is to be tried again.
result<dropped_days> drop_before(connection&, timestamp midnight,
                                 std::chrono::milliseconds patience = limits::retention_lock_timeout);

} // namespace agentmon::store
