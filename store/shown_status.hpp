#pragma once
#include "protocol/fold.hpp"
#include "store/paging.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::store {

/// The word that pages show: status_of(), but "stale" for one that is open after its stale_at().
std::string_view shown_status(const session_state&, timestamp now);
std::string_view shown_status(const run_state&, timestamp now);

/// When it becomes stale, if it is open and no event comes: a killed process says nothing. One that asked a human may
/// well get its answer in the morning.
timestamp stale_at(const session_state&);
timestamp stale_at(const run_state&);

/// Sessions or runs with a stored status, since or before their latest event.
struct stored_status {
  std::string word;
  std::optional<timestamp> since;
  std::optional<timestamp> before;
};

/// What is shown with a status.
std::vector<stored_status> stored_as(const std::string& shown, timestamp now);

/// Adds one of them to the conditions on sessions or runs.
void add_status(conditions&, const stored_status&);

} // namespace agentmon::store
