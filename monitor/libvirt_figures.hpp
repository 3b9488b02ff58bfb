#pragma once
#include "monitor/outside.hpp"

#include <libvirt/libvirt.h>

namespace agentmon::monitor {

/// The groups of a bulk call that add_bulk() reads. Without CPU_TOTAL, for which libvirtd first looks through all
/// emulators of its host when it was started anew: seconds, in which the domain counts as occupied.
constexpr unsigned bulk_groups =
    VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_BLOCK;

/// Puts a domain's state and counters into `view` as a bulk call told them. False when it told the state at most: that
/// driver has no bulk statistics.
bool add_bulk(outside_view& view, const virDomainStatsRecord&);

/// The same by a call for each figure. Any of them that fails leaves its figures unknown. False when libvirt does not
/// even tell the state.
bool add_by_calls(outside_view& view, virDomainPtr);

/// Processors, their time, and memory, which no bulk call is needed for.
void add_info(outside_view& view, virDomainPtr);

/// Looks why a bulk call left out what only a domain's QEMU could tell: the domain is hung when that has not answered
/// somebody for longer than limits::hung_after.
void judge_hung(outside_view& view, virDomainPtr);

} // namespace agentmon::monitor
