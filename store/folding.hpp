#pragma once
#include "store/connection.hpp"
#include "store/ledger.hpp"

namespace agentmon::store {

/// Takes the lock under which all writers of all nodes fold, one at a time, until the end of the transaction. So
/// reading, adding up in C++ and writing back is exact, and no two transactions wait for each other in a circle.
result<void> take_fold_lock(connection&);

/// Adds the new events that the ledger holds, and nothing else, to sessions, runs, rollups and machines, within the
/// caller's transaction and under the fold lock. Then the ledger's states are those stored.
result<void> fold_into_tables(connection&, ledger& fresh);

/// Writes the sessions and runs of the ledger as they are in it, and adds the sums to the rollups; who calls this sees
/// to it that nobody else writes them.
result<void> save_states(connection&, const ledger&, const rollups& sums);

} // namespace agentmon::store
