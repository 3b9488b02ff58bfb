#pragma once
#include "store/connection.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace agentmon::store {

/// What one table says otherwise than the events do.
struct difference {
  uint64_t count = 0;
  std::vector<std::string> examples; ///< the first few, in words
};

struct verify_report {
  uint64_t events = 0; ///< how much was read and compared
  uint64_t sessions = 0;
  uint64_t runs = 0;
  uint64_t rollup_rows = 0;
  uint64_t machines = 0;
  std::optional<timestamp> kept_from;            ///< retention has dropped what was before
  std::map<std::string, difference> differences; ///< by table; empty: all is right
};

/// Computes sessions, runs, rollups and machines a second time from the events alone and compares, in one snapshot of
/// the database, beside running writers. Reads every event; memory grows with the number of runs (about 1 KB each).
/// The connection needs a statement time-out that is long enough. `at`: now; older samples may have been thinned.
result<verify_report> verify(connection&, timestamp at = now());

/// The same within the caller's transaction, which should be REPEATABLE READ when others write.
result<verify_report> verify_in_transaction(connection&, timestamp at = now());

} // namespace agentmon::store
