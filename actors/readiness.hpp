#pragma once
#include "actors/context.hpp"

#include <string>
#include <string_view>

namespace agentmon {

/// Is what this role needs there, and are its actors at work? "ready", "degraded" or "unavailable".
std::string_view readiness_of(const node_context&, role);

/// The checks as a JSON array.
std::string checks_json(const health&);

/// {"status","roles":[...],"checks":[...],"warnings":[...]} for /readyz: "ready" when all is up, "unavailable" when
/// `vital` is not, else "degraded".
std::string readiness_json(const node_context&, std::string_view vital, bool& available);

} // namespace agentmon
