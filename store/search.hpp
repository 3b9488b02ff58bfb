#pragma once
#include "store/connection.hpp"

#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace agentmon::store {

/// One run, or with an empty run_id what happened in the session outside of its runs.
struct run_key {
  std::string session_id;
  std::string run_id;
  bool operator==(const run_key&) const = default;
  friend bool operator<(const run_key& a, const run_key& b) {
    return std::tie(a.session_id, a.run_id) < std::tie(b.session_id, b.run_id);
  }
};

/// Makes the given runs' words findable, as far as limits::search_document_bytes of text; gives how many there were.
/// Runs that do not exist are passed over. One transaction; a search is behind what is stored until this was called.
result<size_t> index_runs(connection&, std::span<const run_key>);

/// Runs that have events which index_runs() has not seen, in no order: for catching up after a start. Reads all runs,
/// so ask for many at once.
result<std::vector<run_key>> runs_to_index(connection&, size_t limit);

} // namespace agentmon::store
