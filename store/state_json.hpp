#pragma once
#include "protocol/fold.hpp"
#include "store/json_writer.hpp"

namespace agentmon::store {

/// The word that pages show: status_of(), but "stale" for an active session without an event for
/// limits::stale_after.
std::string_view shown_status(const session_state&, timestamp now);

/// The members of a session or run, without the braces around, so that more can follow.
void write_members(json_writer&, const session_state&, timestamp now);
void write_members(json_writer&, const run_state&);

} // namespace agentmon::store
