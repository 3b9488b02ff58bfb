#pragma once
#include "commands/bench/events.hpp"
#include "commands/bench/figures.hpp"
#include "protocol/failure.hpp"
#include "store/connection.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace agentmon::bench {

/// A bare binary COPY of such events into the table events of an empty database with our schema, on the same server:
/// what the store could do if it did nothing else. It can be measured in several pieces; the database goes with this.
class copy_ceiling {
public:
  /// Makes the database `name` next to that of `conninfo`.
  static result<copy_ceiling> open(const std::string& conninfo, const std::string& name);
  copy_ceiling(copy_ceiling&&) = default;
  copy_ceiling& operator=(copy_ceiling&&) = delete;

  /// Copies so many events in transactions of limits::bench_copy_transaction. Making the rows does not count.
  result<void> copy(event_source&, size_t events);

  double rows_per_second() const { return static_cast<double>(rows_) / time_.count(); }

  /// Takes the database away.
  result<void> drop();

private:
  copy_ceiling(store::connection admin, store::connection db, std::string name)
      : admin_{std::move(admin)}, db_{std::move(db)}, name_{std::move(name)} {}

  store::connection admin_;
  std::optional<store::connection> db_;
  std::string name_;
  size_t rows_ = 0;
  std::chrono::duration<double> time_{};
};

/// Events a second by bare JetStream publishes of `batch` events each, to a stream of their own with the same promises
/// as ours, acknowledged, within the publisher's window; the stream goes afterwards.
result<double> publish_ceiling(const std::string& nats_url, event_source&, size_t batch,
                               std::chrono::milliseconds time);

} // namespace agentmon::bench
