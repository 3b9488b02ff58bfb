#pragma once
#include "protocol/event.hpp"
#include "protocol/failure.hpp"

namespace agentmon {

/// Decodes and validates a batch at one pass: a JSON array of envelopes, or a single envelope. Each event that breaks a
/// rule of schema/event.schema.json becomes one rejection (its first fault) and does not harm its neighbours. An event
/// with a number or an escape that no reader takes (1e309, \ud800 alone) is one of these; what stands in it behind that
/// is not looked at.
/// Fails with fault::invalid when the text as a whole is not JSON, is neither array nor object, is not UTF-8, is nested
/// deeper than limits::json_depth or holds more than limits::batch_events events.
result<event_batch> decode(std::string_view json);

/// The same for bytes that the caller gives away (saves the copy).
result<event_batch> decode(std::vector<char> json);

} // namespace agentmon
