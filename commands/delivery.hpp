#pragma once
#include "commands/commands.hpp"
#include "commands/progress.hpp"
#include "commands/sender.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace agentmon {

/// The flags of commands that send events: --url, --token, --timeout.
std::span<const flag> delivery_flags();

/// A sender as these flags, else the settings, want it. Refused events and retries are told on standard error; `line`
/// must outlive it. fault::invalid: a flag is wrong.
result<sender> sender_for(const invocation&, progress_line& line);

/// "12 345 events accepted, 2 rejected (8 200 a second)".
std::string summary(const send_totals&, double seconds);

/// Says on standard error how the sending ended; gives the exit status.
int report(const result<void>& done, const sender&, double seconds);

} // namespace agentmon
