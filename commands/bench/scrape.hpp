#pragma once
#include "commands/bench/figures.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/failure.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::bench {

/// What /metrics of a port tells: counters and gauges without labels, and histograms.
struct scrape {
  std::map<std::string, double, std::less<>> values;
  std::map<std::string, std::map<double, double>, std::less<>> buckets; ///< events up to this bound (infinity at last)

  double value(std::string_view name) const;
};

/// Reads Prometheus' text format; what it does not understand it leaves out.
scrape parse_metrics(std::string_view text);

/// fault::unavailable when the port does not answer.
result<scrape> read_metrics(const endpoint& port);

/// The hops on an event's way that the histograms know, in path order, with their shares between the two readings. The
/// quantiles are interpolated within a bucket. What nothing went through is left out.
std::vector<hop> hops_between(const scrape& before, const scrape& after);

} // namespace agentmon::bench
