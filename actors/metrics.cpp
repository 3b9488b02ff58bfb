#include "actors/metrics.hpp"

#include <prometheus/text_serializer.h>

namespace agentmon {

metrics::metrics()
    : events_accepted{counter("agentmon_events_accepted_total", "Events answered 202 or acknowledged over WebSocket.")},
      events_rejected{counter("agentmon_events_rejected_total", "Events refused because they break a rule.")},
      batches_refused{counter("agentmon_batches_refused_total", "Batches answered 503: overload, or stopping.")},
      window_bytes{gauge("agentmon_window_bytes", "Bytes taken from clients and not yet synced.")},
      journal_bytes{gauge("agentmon_journal_bytes", "Size of the journal on disk.")},
      journal_events_waiting{gauge("agentmon_journal_events_waiting", "Events synced here and not yet in PostgreSQL.")},
      journal_syncs{counter("agentmon_journal_syncs_total", "Group commits of the journal.")},
      journal_sync_seconds{seconds("agentmon_journal_sync_seconds", "Duration of a group commit.")},
      records_published{counter("agentmon_records_published_total", "Journal records that NATS acknowledged.")},
      records_republished{counter("agentmon_records_republished_total", "Journal records sent again after a loss.")},
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
      restarts{counter("agentmon_actor_restarts_total", "Actors started again after a crash.")} {}

std::string metrics::text() const { return prometheus::TextSerializer{}.Serialize(registry_.Collect()); }

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

} // namespace agentmon
