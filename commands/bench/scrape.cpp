#include "commands/bench/scrape.hpp"

#include "protocol/limits.hpp"

#include <httplib.h>

#include <array>
#include <cmath>
#include <cstdlib>

namespace agentmon::bench {
namespace {

/// In path order; those that a version does not measure are left out.
constexpr std::array hop_names{"http", "journal_wait", "journal_sync",  "bus_ack",          "bus_to_commit", "copy",
                               "fold", "commit",       "bus_to_viewer", "commit_to_viewer", "query"};

/// The bound, in seconds, below which `q` of the events lie.
double quantile(const std::map<double, double>& cumulative, double q) {
  const auto wanted = q * cumulative.rbegin()->second;
  double lower = 0, below = 0;
  for (const auto& [bound, count] : cumulative) {
    if (count >= wanted && count > below)
      return std::isinf(bound) ? lower : lower + (bound - lower) * (wanted - below) / (count - below);
    lower = bound;
    below = count;
  }
  return lower;
}

} // namespace

double scrape::value(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? 0 : found->second;
}

scrape parse_metrics(std::string_view text) {
  scrape all;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto space = line.rfind(' ');
    if (line.empty() || line.front() == '#' || space == line.npos) continue;
    const auto number = std::strtod(std::string{line.substr(space + 1)}.c_str(), nullptr);
    const auto name = line.substr(0, line.find_first_of("{ "));
    constexpr std::string_view suffix = "_bucket";
    const auto bound = line.find("le=\"");
    if (name.ends_with(suffix) && bound != line.npos)
      all.buckets[std::string{name.substr(0, name.size() - suffix.size())}]
                 [std::strtod(line.data() + bound + 4, nullptr)] += number;
    else
      all.values[std::string{name}] += number;
  }
  return all;
}

result<scrape> read_metrics(const endpoint& port) {
  httplib::Client http{port.host, port.port};
  http.set_read_timeout(limits::bench_patience);
  const auto got = http.Get("/metrics");
  if (!got || got->status != 200) return fail(fault::unavailable, local_url(port) + "/metrics does not answer");
  return parse_metrics(got->body);
}

std::vector<hop> hops_between(const scrape& before, const scrape& after) {
  std::vector<hop> hops;
  for (const std::string name : hop_names) {
    const auto found = after.buckets.find("agentmon_" + name + "_seconds");
    if (found == after.buckets.end()) continue;
    auto share = found->second;
    if (const auto earlier = before.buckets.find(found->first); earlier != before.buckets.end())
      for (auto& [bound, count] : share)
        if (const auto was = earlier->second.find(bound); was != earlier->second.end()) count -= was->second;
    const auto count = share.rbegin()->second;
    if (count > 0)
      hops.push_back({name, static_cast<uint64_t>(count), 1000 * quantile(share, 0.5), 1000 * quantile(share, 0.99)});
  }
  return hops;
}

} // namespace agentmon::bench
