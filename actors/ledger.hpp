#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

namespace agentmon {

/// Which journal record lies under which stream sequence, for the records that NATS has and PostgreSQL may not have.
/// Runs of neighbours take one entry, so an hour without PostgreSQL costs no memory. Pure.
class ledger {
public:
  struct place {
    uint64_t record;
    uint64_t sequence;
    bool operator==(const place&) const = default;
  };

  /// Notes a record; records come in rising order.
  void add(place p) {
    if (!runs_.empty()) {
      auto& last = runs_.back();
      if (p.record == last.record + last.count && p.sequence == last.sequence + last.count) {
        ++last.count;
        return;
      }
    }
    runs_.push_back({p.record, p.sequence, 1});
  }

  /// Forgets what lies at or below the consumer's ack floor; gives the last record up to which all of them are so.
  std::optional<uint64_t> commit(uint64_t ack_floor) {
    std::optional<uint64_t> done;
    while (!runs_.empty() && runs_.front().sequence <= ack_floor) {
      auto& run = runs_.front();
      const auto count = std::min(run.count, ack_floor - run.sequence + 1);
      done = run.record + count - 1;
      run.record += count;
      run.sequence += count;
      run.count -= count;
      if (run.count > 0) break;
      runs_.pop_front();
    }
    return done;
  }

  std::optional<place> last() const {
    if (runs_.empty()) return std::nullopt;
    const auto& run = runs_.back();
    return place{run.record + run.count - 1, run.sequence + run.count - 1};
  }

  uint64_t size() const {
    uint64_t sum = 0;
    for (const auto& run : runs_) sum += run.count;
    return sum;
  }
  bool empty() const { return runs_.empty(); }
  void clear() { runs_.clear(); }

private:
  struct stretch {
    uint64_t record;
    uint64_t sequence;
    uint64_t count;
  };
  std::deque<stretch> runs_;
};

} // namespace agentmon
