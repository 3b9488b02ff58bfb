#pragma once
#include "http/messages.hpp"

#include <caf/type_id.hpp>

#include <vector>

/// The words between listeners and workers; actors/messages.hpp goes on from here.
CAF_BEGIN_TYPE_ID_BLOCK(agentmon_http, caf::first_custom_type_id)

// -- http
CAF_ADD_TYPE_ID(agentmon_http, (agentmon::connection_id))
CAF_ADD_TYPE_ID(agentmon_http, (agentmon::listener_stats))
CAF_ADD_TYPE_ID(agentmon_http, (std::vector<agentmon::connection_id>))
CAF_ADD_ATOM(agentmon_http, agentmon, adopt_atom, "adopt")
CAF_ADD_ATOM(agentmon_http, agentmon, answer_atom, "answer")
CAF_ADD_ATOM(agentmon_http, agentmon, close_atom, "close")
CAF_ADD_ATOM(agentmon_http, agentmon, congested_atom, "congested")
CAF_ADD_ATOM(agentmon_http, agentmon, drain_atom, "drain")
CAF_ADD_ATOM(agentmon_http, agentmon, gone_atom, "gone")
CAF_ADD_ATOM(agentmon_http, agentmon, push_atom, "push")
CAF_ADD_ATOM(agentmon_http, agentmon, serve_atom, "serve")
CAF_ADD_ATOM(agentmon_http, agentmon, stats_atom, "stats")
CAF_ADD_ATOM(agentmon_http, agentmon, taken_atom, "taken")
CAF_ADD_ATOM(agentmon_http, agentmon, text_atom, "text")
CAF_ADD_ATOM(agentmon_http, agentmon, upgrade_atom, "upgrade")

CAF_END_TYPE_ID_BLOCK(agentmon_http)
