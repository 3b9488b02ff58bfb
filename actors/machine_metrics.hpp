#pragma once
#include "monitor/snapshot.hpp"

#include <prometheus/metric_family.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace agentmon {

/// The machines on /metrics, under the names that libvirt's exporters use where there are such names. What is unknown
/// has no line. Safe from any thread.
class machine_metrics {
public:
  /// The machine as it was read last.
  void set(const monitor::instance&, const monitor::reading&, const monitor::figures&, const monitor::judgement&);

  /// It has left the registry, and leaves /metrics.
  void forget(const std::string& name);

  std::vector<prometheus::MetricFamily> collect() const;

private:
  struct sample {
    const void* family; ///< a row of the table in the .cpp
    std::vector<prometheus::ClientMetric::Label> labels;
    double value;
  };
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<sample>> by_name_;
};

} // namespace agentmon
