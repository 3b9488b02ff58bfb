#pragma once
#include "protocol/fold.hpp"
#include "protocol/json_writer.hpp"

namespace agentmon::store {

/// The word that pages show: status_of(), but "stale" for one that is open after its stale_at().
std::string_view shown_status(const session_state&, timestamp now);

/// When it becomes stale, if it is open and no event comes: a killed process says nothing. One that asked a human may
/// well get its answer in the morning.
timestamp stale_at(const session_state&);

/// The members of a session or run, without the braces around, so that more can follow.
void write_members(json_writer&, const session_state&, timestamp now);
void write_members(json_writer&, const run_state&);

} // namespace agentmon::store
