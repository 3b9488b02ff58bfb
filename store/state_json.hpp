#pragma once
#include "protocol/fold.hpp"
#include "protocol/json_writer.hpp"

namespace agentmon::store {

/// The members of a session or run, without the braces around, so that more can follow.
void write_members(json_writer&, const session_state&, timestamp now);
void write_members(json_writer&, const run_state&, timestamp now);

} // namespace agentmon::store
