#pragma once
#include "actors/machine_metrics.hpp"
#include "http/messages.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// What this node counts, as Prometheus shows it on /metrics of every port. Safe from any thread.
class metrics {
public:
  metrics();

  /// The text exposition format, version 0.0.4, with these families behind ours.
  std::string text(std::vector<prometheus::MetricFamily> more = {}) const;

  /// Shows a listener's counters under the port's name. Call what it gives with the newest ones, from one thread; it
  /// lives as long as this.
  std::function<void(const listener_stats&)> port(const std::string& name);

private:
  prometheus::Registry registry_;
  prometheus::Counter& counter(const std::string& name, const std::string& help);
  prometheus::Gauge& gauge(const std::string& name, const std::string& help);
  prometheus::Histogram& seconds(const std::string& name, const std::string& help);
  /// For a hop of the way of an event: each bucket a fifth wider than the one before, so that a small change is seen.
  prometheus::Histogram& hop_seconds(const std::string& name, const std::string& help);

public:
  // -- gateway
  prometheus::Counter& events_accepted;
  prometheus::Counter& events_taken_over;
  prometheus::Counter& events_rejected;
  prometheus::Counter& batches_refused;
  prometheus::Gauge& window_bytes;
  prometheus::Histogram& http_seconds;
  // -- journal
  prometheus::Gauge& journal_bytes;
  prometheus::Gauge& journal_events_waiting;
  prometheus::Counter& journal_syncs;
  prometheus::Histogram& journal_sync_seconds;
  prometheus::Histogram& journal_wait_seconds;
  // -- bus
  prometheus::Counter& records_published;
  prometheus::Counter& records_republished;
  prometheus::Histogram& bus_ack_seconds;
  prometheus::Counter& messages_pulled;
  prometheus::Histogram& bus_to_commit_seconds;
  // -- store
  prometheus::Counter& events_stored;
  prometheus::Counter& events_duplicate;
  prometheus::Counter& events_dead;
  prometheus::Counter& transactions;
  prometheus::Histogram& copy_seconds;
  prometheus::Histogram& fold_seconds;
  prometheus::Histogram& commit_seconds;
  prometheus::Counter& runs_indexed;
  prometheus::Counter& samples_thinned;
  prometheus::Counter& days_dropped;
  prometheus::Histogram& drop_seconds;
  // -- showing
  prometheus::Histogram& query_seconds;
  prometheus::Counter& live_frames;
  prometheus::Counter& live_gaps;
  prometheus::Counter& live_missed;
  prometheus::Counter& live_frames_dropped;
  prometheus::Histogram& bus_to_viewer_seconds;
  prometheus::Histogram& commit_to_viewer_seconds;
  prometheus::Gauge& viewers;
  // -- machines
  prometheus::Histogram& poll_late_seconds;
  prometheus::Histogram& poll_seconds;
  prometheus::Counter& snapshots_dropped;
  machine_metrics machines;
};

} // namespace agentmon
