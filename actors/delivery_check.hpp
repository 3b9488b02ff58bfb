#pragma once
#include "bus/stream.hpp"
#include "protocol/limits.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace agentmon {

/// Judges, by a look every half second, whether NATS still delivers what its stream holds. After a power failure or a
/// kill its consumer may believe that messages are delivered, or with a processor, that nobody has; it then keeps them
/// for ever. Pure.
class delivery_check {
public:
  using time_point = std::chrono::steady_clock::time_point;

  enum class verdict {
    sound,
    doubtful, ///< a processor may hold the oldest message: listen whether one speaks of it (bus::claim)
    damaged
  };

  /// `claimed`: a processor has spoken of the oldest message since the last look.
  verdict look(const bus::stream_state& stream, const bus::consumer_state& consumer, bool claimed, time_point now) {
    const auto before = std::exchange(last_, seen{consumer.ack_floor, consumer.delivered, stream.first_sequence, now});
    // Whoever has not looked for a while, knows nothing of that time.
    if (!before || now - before->at > limits::pull_expires) {
      since_ = now;
      return verdict::sound;
    }
    if (consumer.waiting > 0 || consumer.delivered != before->delivered) asked_ = now;
    const bool contradicts =
        (stream.messages > 0 && stream.first_sequence <= before->floor) || stream.last_sequence < before->floor;
    const bool all_done = consumer.pending == 0 && consumer.ack_pending == 0;
    const bool withheld = stream.messages > 0 && stream.first_sequence == before->oldest
                          && (all_done || now - asked_ <= limits::pull_expires);
    if (claimed || (!contradicts && !withheld)) since_ = now;
    if (now - since_ < limits::ack_wait) return verdict::sound;
    // NATS delivers again what nobody has spoken of for ack_wait, and before anything new.
    const bool may_be_held = !contradicts && consumer.ack_pending > 0;
    return may_be_held && now - since_ < 2 * limits::ack_wait ? verdict::doubtful : verdict::damaged;
  }

  /// Forgets all; for a new epoch.
  void reset() { last_.reset(); }

private:
  struct seen {
    uint64_t floor;
    uint64_t delivered;
    uint64_t oldest;
    time_point at;
  };
  std::optional<seen> last_;
  time_point since_{}; ///< nothing has disproved the damage since then
  time_point asked_{}; ///< when a processor was last seen to ask for messages
};

} // namespace agentmon
