#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the phases of `agentmon bench` find out.
namespace agentmon::bench {

using steady = std::chrono::steady_clock;

inline double seconds_since(steady::time_point begin) {
  return std::chrono::duration<double>(steady::now() - begin).count();
}

/// Times of a phase, in milliseconds.
struct latency {
  size_t count = 0;
  double p50 = 0, p95 = 0, p99 = 0, max = 0;
};

/// Gathers times exactly, each in 4 bytes.
class stopwatch {
public:
  void add(steady::duration time) {
    micros_.push_back(static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()));
  }
  size_t size() const { return micros_.size(); }
  latency summary();

private:
  std::vector<uint32_t> micros_;
};

/// A part of the system during a phase.
struct process_cost {
  std::string name; ///< agentmon, nats-server, PostgreSQL, bench (the load itself)
  double cpu_seconds = 0;
  uint64_t memory_bytes = 0; ///< resident at the end of the phase; what processes share counts once
  uint64_t peak_bytes = 0;   ///< the most that was seen during the phase
};

/// A hop's share of a phase, from the histograms of /metrics.
struct hop {
  std::string name;
  uint64_t count = 0;
  double p50_ms = 0, p99_ms = 0;
};

/// What a phase cost.
struct phase_cost {
  double seconds = 0; ///< from its begin until everything of it was stored
  std::vector<process_cost> processes;
  std::vector<hop> hops;
};

/// Posts as fast as they are answered: each connection sends again as soon as it has its answer (a closed loop).
struct load_figures {
  std::string name; ///< of the phase
  size_t batch = 0, connections = 0;
  size_t acked = 0;   ///< events answered 202
  size_t stored = 0;  ///< events that PostgreSQL holds more than before
  size_t refused = 0; ///< requests answered 503 or 429 and sent again
  double acked_per_second = 0;
  double stored_per_second = 0; ///< from the first POST until the last acked event was in PostgreSQL
  latency answers;
  phase_cost cost;
};

/// More posted by the clock (an open loop) than can be taken. Times count from when a request was begun.
struct overload_figures {
  size_t batch = 0, connections = 0;
  double peak_per_second = 0;    ///< events acked just before, by a closed loop from few connections
  double offered_per_second = 0; ///< events that were sent, again or for the first time
  double acked_per_second = 0;
  size_t acked = 0;        ///< events answered 202
  size_t stored = 0;       ///< events that PostgreSQL holds more than before
  size_t refused = 0;      ///< requests answered 503 or 429
  size_t without_time = 0; ///< of these, without Retry-After
  latency accepted;        ///< until a 202
  latency refusals;        ///< until a 503
  phase_cost cost;
};

/// Single events posted by the clock (an open loop) while viewers look on. Times count from when the event was due.
struct viewer_figures {
  size_t viewers = 0, events_per_second = 0;
  size_t acked = 0;
  size_t stored = 0;
  size_t frames = 0; ///< that all viewers got together
  size_t missed = 0; ///< events that a viewer did not get, summed over all viewers
  latency seen;      ///< until a viewer had the event, over all viewers
  latency answers;   ///< until the post was answered
  phase_cost cost;
};

/// One kind of question to the query port, one after the other on one connection.
struct query_figures {
  std::string name;
  std::string example;     ///< one of the paths
  size_t answer_bytes = 0; ///< on average
  latency answers;
};

/// What the machine does with nothing else in the way.
struct ceilings {
  double copy_per_second = 0;           ///< rows by a bare binary COPY
  double publish_single_per_second = 0; ///< events by bare JetStream publishes of one event each
  double publish_batch_per_second = 0;  ///< events by bare JetStream publishes of large_batch events each
  double publish_per_second(size_t batch) const {
    return batch == 1 ? publish_single_per_second : publish_batch_per_second;
  }
};
constexpr size_t large_batch = 100;

} // namespace agentmon::bench
