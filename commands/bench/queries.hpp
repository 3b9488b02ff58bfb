#pragma once
#include "commands/bench/figures.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/failure.hpp"

#include <chrono>
#include <functional>
#include <string_view>
#include <vector>

namespace agentmon::bench {

/// Asks the query port one question after the other on one connection, each kind 200 times or until `time` is over:
/// lists (first pages, deep pages, filters, search), details of many sessions and runs, statistics. `tick` is told what
/// is asked. fault::invalid: an answer was not 200; fault::stopping: an interrupt was requested.
result<std::vector<query_figures>> run_queries(const endpoint& query, std::chrono::milliseconds time,
                                               const std::function<void(std::string_view)>& tick);

} // namespace agentmon::bench
