#pragma once
#include "store/connection.hpp"
#include "store/ledger.hpp"

#include <span>
#include <vector>

namespace agentmon::store {

/// Takes the lock under which all writers of all nodes fold, one at a time, until the end of the transaction. So
/// reading, adding up in C++ and writing back is exact, and no two transactions wait for each other in a circle.
result<void> take_fold_lock(connection&);

/// Adds new events to sessions, runs, rollups and machines, within the caller's transaction and under the fold lock.
/// Gives the states that they led to.
result<ledger> fold_into_tables(connection&, std::span<const event* const> fresh);

} // namespace agentmon::store
