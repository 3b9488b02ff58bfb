#pragma once
#include "monitor/helper_messages.hpp"

#include <string>
#include <vector>

namespace agentmon::monitor {

/// A domain that libvirt knows.
struct discovered {
  known_domain domain;
  std::vector<std::string> addresses; ///< in the order in which to try them; empty: see unknown
  std::string unknown;                ///< why there are no addresses; empty when there are
};

/// All domains of a hypervisor, through a helper process of its own. Fails as outside_reading does. Blocks at most
/// limits::hypervisor_timeout, and limits::address_timeout for each domain that runs.
result<std::vector<discovered>> discover(const std::string& uri);

} // namespace agentmon::monitor
