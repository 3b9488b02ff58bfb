#pragma once

namespace agentmon {

struct configuration;

/// Runs this process's roles until SIGTERM or SIGINT, then stops them in the order of the path, losing nothing.
/// Returns the process's exit status: 0 after an orderly stop, 1 when it could not start or gave up.
int run_node(const configuration&);

} // namespace agentmon
