#pragma once
#include <chrono>

/// Ctrl+C and SIGTERM for commands that want to finish what they began.
namespace agentmon::interrupt {

/// From now on the first SIGINT or SIGTERM is only remembered and ends what the process waits for; one that comes more
/// than a second later kills it as usual. For the process's main thread.
void remember();

bool requested();

/// What was requested is done; the next one is remembered anew.
void forget();

/// Waits; ends early, with false, when an interrupt was requested.
bool pause(std::chrono::milliseconds);

} // namespace agentmon::interrupt
