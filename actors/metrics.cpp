#include "actors/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace agentmon {

metrics::metrics()
    : events_accepted{counter("agentmon_events_accepted_total", "Events answered 202 or acknowledged over WebSocket.")},
      events_taken_over{counter("agentmon_events_taken_over_total",
                                "Of the accepted events, those that nodes without a bus handed over.")},
      events_rejected{counter("agentmon_events_rejected_total", "Events refused because they break a rule.")},
      batches_refused{counter("agentmon_batches_refused_total", "Batches answered 503: overload, or stopping.")},
      window_bytes{gauge("agentmon_window_bytes", "Bytes taken from clients and not yet synced.")},
      http_seconds{hop_seconds("agentmon_http_seconds", "From a whole POST to its answer on the way to the socket.")},
      journal_bytes{gauge("agentmon_journal_bytes", "Size of the journal on disk.")},
      journal_events_waiting{gauge("agentmon_journal_events_waiting", "Events synced here and not yet in PostgreSQL.")},
      journal_syncs{counter("agentmon_journal_syncs_total", "Group commits of the journal.")},
      journal_sync_seconds{seconds("agentmon_journal_sync_seconds", "Duration of a group commit.")},
      journal_wait_seconds{
          hop_seconds("agentmon_journal_wait_seconds", "From a batch's admission until it is on the disk.")},
      records_published{counter("agentmon_records_published_total", "Journal records that NATS acknowledged.")},
      records_republished{counter("agentmon_records_republished_total", "Journal records sent again after a loss.")},
      bus_ack_seconds{
          hop_seconds("agentmon_bus_ack_seconds", "From publishing a record to JetStream's acknowledgement.")},
      messages_pulled{counter("agentmon_messages_pulled_total", "Messages taken from the durable consumer.")},
      bus_to_commit_seconds{
          seconds("agentmon_bus_to_commit_seconds", "From a message's arrival in JetStream to its events' COMMIT.")},
      events_stored{counter("agentmon_events_stored_total", "New events committed to PostgreSQL.")},
      events_duplicate{counter("agentmon_events_duplicate_total", "Events that came again and were known.")},
      events_dead{counter("agentmon_events_dead_total", "Events that went to dead_letters.")},
      transactions{counter("agentmon_transactions_total", "Transactions of the writer.")},
      copy_seconds{seconds("agentmon_copy_seconds", "Time of a transaction until its rows are in.")},
      fold_seconds{seconds("agentmon_fold_seconds", "Time of a transaction for sessions, runs and rollups.")},
      commit_seconds{seconds("agentmon_commit_seconds", "Time of a transaction for COMMIT.")},
      runs_indexed{counter("agentmon_runs_indexed_total", "Runs made searchable.")},
      samples_thinned{counter("agentmon_samples_thinned_total", "Old samples of machines that were removed.")},
      days_dropped{counter("agentmon_days_dropped_total", "Days that retention has dropped.")},
      drop_seconds{seconds("agentmon_day_drop_seconds", "Time that writers waited for the drop of a day.")},
      query_seconds{seconds("agentmon_query_seconds", "Time of a question to PostgreSQL.")},
      live_frames{counter("agentmon_live_frames_total", "Live frames made.")},
      live_gaps{counter("agentmon_live_gaps_total", "Gap notices sent to viewers.")},
      live_missed{counter("agentmon_live_messages_missed_total",
                          "Bus messages that the live feed had no time for; no viewer saw them.")},
      live_frames_dropped{counter("agentmon_live_frames_dropped_total",
                                  "Frames that a viewer did not get because it reads too slowly, over all viewers.")},
      bus_to_viewer_seconds{seconds("agentmon_bus_to_viewer_seconds",
                                    "From a message's publishing until its frames are handed to the viewers' sockets. "
                                    "Between two machines their clocks' difference is in it.")},
      commit_to_viewer_seconds{seconds("agentmon_commit_to_viewer_seconds",
                                       "From COMMIT until the frames of what it changed are handed to the viewers' "
                                       "sockets. Between two machines their clocks' difference is in it.")},
      viewers{gauge("agentmon_viewers", "Live viewers connected.")},
      poll_late_seconds{
          seconds("agentmon_vm_poll_late_seconds", "From when a machine should have been looked at until it was.")},
      poll_seconds{seconds("agentmon_vm_poll_seconds", "From a look at a machine until its snapshot is made.")},
      snapshots_dropped{counter("agentmon_vm_snapshots_dropped_total",
                                "Snapshots and changes of verdict that were never taken in: the gate refused for too "
                                "long.")} {}

std::string metrics::text(std::vector<prometheus::MetricFamily> more) const {
  auto all = registry_.Collect();
  for (auto& family : machines.collect()) all.push_back(std::move(family));
  std::move(more.begin(), more.end(), std::back_inserter(all));
  return prometheus::TextSerializer{}.Serialize(all);
}

prometheus::Counter& metrics::counter(const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add({});
}

prometheus::Gauge& metrics::gauge(const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add({});
}

prometheus::Histogram& metrics::seconds(const std::string& name, const std::string& help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add(
      {}, prometheus::Histogram::BucketBoundaries{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                  0.25, 0.5, 1, 2.5, 5, 10});
}

prometheus::Histogram& metrics::hop_seconds(const std::string& name, const std::string& help) {
  constexpr std::array e12{1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2};
  prometheus::Histogram::BucketBoundaries bounds;
  for (const double per_second : {1e4, 1e3, 1e2, 1e1, 1.0}) // divided, so that they print as 0.00012
    for (const double each : e12) bounds.push_back(each / per_second);
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add({}, std::move(bounds));
}

std::function<void(const listener_stats&)> metrics::port(const std::string& name) {
  const prometheus::Labels port{{"port", name}};
  struct shown {
    prometheus::Gauge* gauge;
    uint64_t listener_stats::*value;
  };
  struct counted {
    prometheus::Counter* counter;
    uint64_t listener_stats::*value;
  };
  const auto show = [&](const char* title, const char* help, uint64_t listener_stats::*value) {
    return shown{&prometheus::BuildGauge().Name(title).Help(help).Register(registry_).Add(port), value};
  };
  const auto count = [&](const char* title, const char* help, uint64_t listener_stats::*value) {
    return counted{&prometheus::BuildCounter().Name(title).Help(help).Register(registry_).Add(port), value};
  };
  using s = listener_stats;
  const std::array gauges{
      show("agentmon_connections", "Connections open now, WebSockets included.", &s::connections),
      show("agentmon_websockets", "WebSockets open now.", &s::websockets),
      show("agentmon_unsent_bytes", "Bytes that clients have not taken yet.", &s::unsent_bytes),
      show("agentmon_buffered_bytes", "Bytes of requests that are not whole yet.", &s::buffered_bytes),
      show("agentmon_held_bytes", "Weight of whole requests that are not answered yet.", &s::held_bytes),
  };
  const std::array counters{
      count("agentmon_connections_accepted_total", "Connections accepted.", &s::accepted),
      count("agentmon_requests_total", "Whole requests handed to a worker.", &s::requests),
      count("agentmon_requests_refused_total", "Requests and connections that the listener refused.", &s::refused),
      count("agentmon_connections_timed_out_total", "Connections closed because a time-out passed.", &s::timed_out),
      count("agentmon_connections_slow_total", "Connections closed because their reader was too slow.",
            &s::slow_closed),
  };
  return [gauges, counters](const listener_stats& now) {
    for (const auto& each : gauges) each.gauge->Set(static_cast<double>(now.*each.value));
    for (const auto& each : counters)
      each.counter->Increment(static_cast<double>(now.*each.value) - each.counter->Value());
  };
}

} // namespace agentmon
