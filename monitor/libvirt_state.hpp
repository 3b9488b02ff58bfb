#pragma once
#include "monitor/outside.hpp"

#include <string_view>

namespace agentmon::monitor {

/// The two numbers that libvirt gives for a domain's state, in our words. Shut off because it crashed is crashed.
domain_state to_state(int state, int reason);

/// libvirt's own word for the reason; empty when it gives none.
std::string_view reason_word(int state, int reason);

} // namespace agentmon::monitor
