#pragma once
#include "commands/sender.hpp"

#include <functional>
#include <string>

namespace agentmon {

/// Sends all events that can be read from `input` (an open descriptor; not closed here), in batches; an event waits at
/// most limits::emit_linger for company. Pieces that are no JSON object are refused here, with their line, so that they
/// do not spoil the batch of their neighbours. Ends at the end of the input, when an interrupt was requested, or with
/// the failure of a batch that could not be delivered. `tick` is called now and then.
result<void> send_stream(int input, sender&, const std::function<void()>& tick);

/// Why a piece of the input cannot go into a batch; empty when it can.
std::string fault_of(const std::string& json);

} // namespace agentmon
