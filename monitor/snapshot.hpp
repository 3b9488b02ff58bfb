#pragma once
#include "monitor/verdict.hpp"

#include <chrono>
#include <string>

namespace agentmon::monitor {

/// The payload of an openclaw.snapshot event (schema/event.schema.json, snapshot_payload): one reading of one machine,
/// what it comes to, and for each figure that is missing the reason why.
std::string snapshot_payload(const instance&, const reading&, const figures&, const judgement&,
                             std::chrono::milliseconds interval);

/// The payload of an openclaw.verdict event: the verdict is another one than before.
std::string verdict_payload(const instance&, const judgement&);

/// The whole event, its payload as above.
std::string event_of(const instance&, timestamp at, std::string_view type, std::string_view payload);

} // namespace agentmon::monitor
