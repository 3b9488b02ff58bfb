#pragma once
#include "bus/subscription.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace agentmon::bus {

/// One delivered message.
struct bus_message {
  std::vector<char> payload; ///< a JSON array of envelopes, or a single one; maybe packed (protocol/packing.hpp)
  size_t bytes = 0;          ///< of the payload when it is unpacked, at most limits::unpacked_bytes
  /// For ack, nak and in_progress, in this epoch and in later ones; a NATS that was killed meanwhile may have forgotten
  /// it: then the word is ignored and the message comes again.
  std::string handle;
  uint64_t stream_sequence = 0;
  uint64_t delivered = 0;                          ///< how often, this time included
  std::chrono::system_clock::time_point published; ///< when NATS took it into the stream, by the clock of NATS
};

/// Pulls messages from the durable consumer, one request at a time, without waiting. Callbacks come on a thread of the
/// puller's own, in order. A lost connection ends a request without a callback (connection::callbacks::on_lost tells).
/// What is delivered and never acked comes again after limits::ack_wait; so an orderly end waits for on_ended before it
/// destroys the puller.
class puller {
public:
  struct callbacks {
    std::function<void(bus_message)> on_message;
    /// The request has ended, ask again: with the number of messages it brought (all, or what there was until it
    /// expired, or what fitted), or because of a failure. fault::not_found: the consumer was deleted; fault::timeout:
    /// no word from NATS within its time and limits::bus_request_timeout, which is also how a missing consumer is
    /// silent: after either, ensure_stream and ensure_consumer first. fault::unavailable: try again.
    std::function<void(result<size_t> messages)> on_ended;
  };

  struct demand {
    size_t messages = limits::pull_messages; ///< at least 1
    size_t bytes =
        limits::pull_window_bytes / 2; ///< more than the largest message that can be stored, headers included
    std::chrono::nanoseconds expires = limits::pull_expires; ///< how long NATS waits for the messages; at least 1 ms
  };

  static result<puller> open(const connection&, callbacks);

  puller(puller&&) noexcept;
  puller& operator=(puller&&) noexcept;
  ~puller();

  /// Asks for messages. Safe from any thread, callbacks included. fault::invalid while a request is under way.
  result<void> request(demand);

  /// Committed: never deliver it again. Returns before the network has it; consumer_state::ack_floor shows what
  /// arrived.
  result<void> ack(const std::string& handle) const;
  /// Not committed: deliver it again now.
  result<void> nak(const std::string& handle) const;
  /// Still at work: limits::ack_wait begins anew.
  result<void> in_progress(const std::string& handle) const;

private:
  struct state;
  explicit puller(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

} // namespace agentmon::bus
