#pragma once
#include "commands/gateway_client.hpp"

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace agentmon {

/// What has become of the events so far.
struct send_totals {
  size_t accepted = 0;
  size_t rejected = 0;
};

/// Gathers events to batches and sends them. For one thread.
class sender {
public:
  /// An event that was refused, with the line of the input it came from.
  using on_rejection = std::function<void(size_t line, const rejection&)>;

  sender(gateway_client to, on_rejection tell) : client_{std::move(to)}, tell_{std::move(tell)} {}

  /// Adds one event (JSON text of an object); sends when batch_events() or emit_batch_bytes is reached.
  result<void> add(std::string_view json, size_t line);

  /// How many events make a batch.
  void batch_events(size_t most) { most_ = most; }

  /// Counts an event that was refused without being sent.
  void refuse(size_t line, const rejection&);

  /// Sends what was gathered; after a failure that is still there.
  result<void> flush();

  /// How many events are gathered but not known to be stored.
  size_t unsent() const { return lines_.size(); }

  /// Of the gateway.
  const std::string& url() const { return client_.url(); }

  const send_totals& totals() const { return totals_; }

  /// The line of the oldest of them; 0 when there is none.
  size_t first_line() const { return lines_.empty() ? 0 : lines_.front(); }

  /// How long it has waited; zero when there is none.
  std::chrono::milliseconds waiting() const;

private:
  gateway_client client_;
  on_rejection tell_;
  std::string batch_;
  std::vector<size_t> lines_;
  size_t most_ = limits::emit_batch_events;
  std::chrono::steady_clock::time_point since_;
  send_totals totals_;
};

} // namespace agentmon
