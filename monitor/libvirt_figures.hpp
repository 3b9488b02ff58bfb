#pragma once
#include "monitor/outside.hpp"

#include <libvirt/libvirt.h>

namespace agentmon::monitor {

/// Puts a domain's state and counters into `view` as a bulk call told them. False when it told the state at most: that
/// driver has no bulk statistics.
bool add_bulk(outside_view& view, const virDomainStatsRecord&);

/// The same by a call for each figure. Any of them that fails leaves its figures unknown. False when the domain is no
/// longer there, or nothing is.
bool add_by_calls(outside_view& view, virDomainPtr);

/// Looks whether a domain that is said to run does: hung, if what somebody asked its QEMU is not answered for longer
/// than limits::hung_after.
void judge_hung(outside_view& view, virDomainPtr);

} // namespace agentmon::monitor
