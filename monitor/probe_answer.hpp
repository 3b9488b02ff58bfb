#pragma once
#include "monitor/inside.hpp"
#include "protocol/failure.hpp"

#include <string_view>

namespace agentmon::monitor {

/// What the probe (monitor/probe.sh) wrote, whatever a login shell said before it. Nothing in it is believed beyond its
/// form: a value that is no such number is unknown, the first of several counts, texts are cut and made UTF-8, lists
/// are bounded, and secrets in lines of a log are hidden. fault::corrupt, in words, when it is no answer, of another
/// version, or cut off. `taken` is set to now.
result<inside_view> parse_probe_answer(std::string_view);

} // namespace agentmon::monitor
