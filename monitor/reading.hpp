#pragma once
#include "monitor/inside.hpp"
#include "monitor/outside.hpp"
#include "protocol/time.hpp"

#include <string>
#include <string_view>

namespace agentmon::monitor {

/// What one poll of a machine brought: both halves, or why a half is missing.
struct reading {
  timestamp taken;         ///< by this host's clock
  outside_reading outside; ///< not_found: the registry names no domain for it
  inside_reading inside;   ///< reach::unknown: nobody went there, and its reason says why
};

/// The state as people and events name it: "shut off", "missing from the hypervisor".
std::string_view to_string(domain_state);

/// Why SSH came no further: "refused", "host key changed".
std::string_view to_string(reach);

/// Not running, and nobody can look inside: what is inside is then neither good nor bad.
bool is_off(domain_state);

/// The machine's state in one word. When the hypervisor says that it runs, or says nothing, and SSH fails, it is what
/// SSH met.
std::string state_of(const reading&);

/// Why there is no view from inside; for a reading that has none.
std::string why_not_inside(const reading&);

/// The view from inside, if somebody got there in this reading.
const inside_view* inside_of(const reading&);

/// Its unit as systemd knows it; nothing when there is no systemd or no such unit.
const unit_view* unit_of(const inside_view&);

/// Whether OpenClaw's gateway works: its unit is active (or, where no unit is, it has a process) and somebody listens
/// on its port; each alone may lie. Nothing when that is unknown.
std::optional<bool> gateway_up(const inside_view&);

} // namespace agentmon::monitor
