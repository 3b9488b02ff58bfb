#pragma once
#include "http/messages.hpp"

#include <caf/type_id.hpp>

#include <vector>

/// The one block of message types and atoms that actors send to each other.
CAF_BEGIN_TYPE_ID_BLOCK(agentmon, caf::first_custom_type_id)

// -- http
CAF_ADD_TYPE_ID(agentmon, (agentmon::connection_id))
CAF_ADD_TYPE_ID(agentmon, (agentmon::listener_stats))
CAF_ADD_TYPE_ID(agentmon, (std::vector<agentmon::connection_id>))
CAF_ADD_ATOM(agentmon, agentmon, adopt_atom, "adopt")
CAF_ADD_ATOM(agentmon, agentmon, answer_atom, "answer")
CAF_ADD_ATOM(agentmon, agentmon, close_atom, "close")
CAF_ADD_ATOM(agentmon, agentmon, congested_atom, "congested")
CAF_ADD_ATOM(agentmon, agentmon, drain_atom, "drain")
CAF_ADD_ATOM(agentmon, agentmon, gone_atom, "gone")
CAF_ADD_ATOM(agentmon, agentmon, push_atom, "push")
CAF_ADD_ATOM(agentmon, agentmon, serve_atom, "serve")
CAF_ADD_ATOM(agentmon, agentmon, stats_atom, "stats")
CAF_ADD_ATOM(agentmon, agentmon, taken_atom, "taken")
CAF_ADD_ATOM(agentmon, agentmon, text_atom, "text")
CAF_ADD_ATOM(agentmon, agentmon, upgrade_atom, "upgrade")

CAF_END_TYPE_ID_BLOCK(agentmon)
