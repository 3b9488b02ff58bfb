#pragma once
#include "bus/subscription.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace agentmon::bus {

/// The header of a message that says when it was published, in microseconds since 1970.
inline constexpr auto published_header = "Agentmon-Published";

/// Publishes records to the stream without waiting. Each answer of the server arrives as one callback, on a thread of
/// the publisher's own, in any order. A connection that is lost takes its unanswered records with it, silently: the
/// owner publishes them again in the next epoch. While connected no answer gets lost: NATS either delivers it or closes
/// the connection. Nothing is bounded here: the owner keeps what is unanswered within limits::publish_window_bytes.
class publisher {
public:
  struct callbacks {
    /// Stored under this sequence number of the stream (in the server's page cache: facts are safe only once
    /// committed). `duplicate`: the stream had this message id already, under that number.
    std::function<void(uint64_t token, uint64_t stream_sequence, bool duplicate)> on_ack;
    /// Not stored. fault::overload: the stream is full, send it again later; fault::invalid: it will never be taken;
    /// fault::unavailable: no stream listens to the subject, or the server cannot store right now.
    std::function<void(uint64_t token, fault, std::string reason)> on_refused;
  };

  static result<publisher> open(const connection&, callbacks);

  /// Hands '[' + events + ']' to the connection, packed from limits::pack_from_bytes on (protocol/packing.hpp), and
  /// returns without waiting for the network. `events` is the inner text of a JSON array; `message_id` is how NATS
  /// knows duplicates; `token` comes back with the answer. Safe from any thread. fault::unavailable: the connection is
  /// lost; fault::invalid: larger than max_payload().
  result<void> publish(std::string_view events, const std::string& message_id, uint64_t token) const;

private:
  publisher(const connection&, std::string inbox, subscription);

  natsConnection* nats_;
  std::string subject_;
  std::string where_;
  std::string inbox_;
  subscription answers_;
};

} // namespace agentmon::bus
