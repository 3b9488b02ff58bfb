#pragma once
#include "bus/connection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// The stream and its durable consumer: made once, looked at in each epoch. All calls block for at most
/// limits::bus_request_timeout a request and may come from any thread. Whatever the call, fault::unavailable and
/// fault::timeout mean that trying again may help, fault::invalid that somebody must change a configuration first.
namespace agentmon::bus {

struct stream_state {
  /// Tells a stream from another one of the same name; kept over restarts of NATS.
  std::chrono::sys_time<std::chrono::nanoseconds> created;
  uint64_t first_sequence = 0; ///< of the messages still stored; last_sequence + 1 when there are none
  uint64_t last_sequence = 0;  ///< ever given out; 0 when none was
  uint64_t messages = 0;
  uint64_t bytes = 0;
};

/// Makes the stream if there is none: on disk, a work queue (a message goes when it is acked), full means refused. One
/// that exists is used as it is when it keeps those promises; else fault::invalid, with the setting that is in the way.
result<stream_state> ensure_stream(const connection&);

/// Makes the durable pull consumer that all processors share, if there is none; the same rule for one that exists.
/// NATS syncs neither, so a power failure may leave a consumer that is ahead of its stream and would skip what comes
/// next: then the stream is cleared and the consumer made anew.
/// fault::not_found: the stream has gone, ensure_stream first.
result<void> ensure_consumer(const connection&);

/// The stream as it is now; fault::not_found when it has gone.
result<stream_state> stream(const connection&);

/// Empties a damaged stream, removes its consumer, and logs why: the journals hold what is not committed, and every
/// publisher sees by the consumer's creation time that it must send that again. The sequence numbers go on, so that an
/// acknowledgement which is still under way hits nothing new.
result<void> clear_stream(const connection&, const std::string& why);

struct consumer_state {
  std::chrono::sys_time<std::chrono::nanoseconds> created; ///< as stream_state::created
  uint64_t ack_floor = 0;                                  ///< stream sequence up to which everything is acked
  uint64_t delivered = 0;                                  ///< deliveries so far, repeated ones included
  uint64_t pending = 0;                                    ///< messages not yet delivered
  uint64_t ack_pending = 0;                                ///< delivered, not yet acked
  uint64_t redelivered = 0;                                ///< of those, delivered more than once
  int64_t waiting = 0;                                     ///< pull requests that wait for messages
};

/// fault::not_found: the stream or the consumer has gone.
result<consumer_state> consumer(const connection&);

/// The Nats-Msg-Id of the message stored under this sequence number; nothing when that message is acked and gone, was
/// never there, or has no id. With the remembered id, it tells whether the stream's tail is still the one we wrote.
result<std::optional<std::string>> message_id_at(const connection&, uint64_t sequence);

} // namespace agentmon::bus
