#pragma once
#include "commands/demo/dice.hpp"
#include "commands/demo/timeline.hpp"

#include <string>

namespace agentmon::demo {

/// The payload of an openclaw.snapshot event: what the monitor would see of that machine at that time.
std::string reading_of(const machine&, const timeline&, dice&, timestamp played);

} // namespace agentmon::demo
