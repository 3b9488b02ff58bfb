#pragma once
#include "http/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace agentmon {

/// Carries the connections of one port; knows bytes, never what they mean. Never blocks.
/// A message about a connection that is gone is ignored (a socket that came with it is closed).
using listener_actor = caf::typed_actor<
    /// Answers to requests that the connections' workers hold.
    caf::reacts_to<answer_atom, std::vector<answered>>,
    /// The handshake's answer; from here on the connection is a WebSocket.
    caf::reacts_to<upgrade_atom, connection_id, std::string>,
    /// Frames for many viewers; a congested viewer does not get them. Answers when all is handed to the sockets, with
    /// how many frames were dropped.
    caf::replies_to<push_atom, outgoing_frames>::with<uint64_t>,
    /// Ends a WebSocket with this close code and reason.
    caf::reacts_to<close_atom, connection_id, uint16_t, std::string>,
    /// One text of this WebSocket has been dealt with: the client may send another.
    caf::reacts_to<taken_atom, connection_id>,
    /// A connected socket to another server (the listener owns it from here): write these bytes to it, then relay both
    /// ways until one side closes. Local only.
    caf::reacts_to<adopt_atom, connection_id, int32_t, std::string>,
    /// Accept nothing more, answer what is in flight, close the rest, quit. Answers when the last connection is gone
    /// (with how many had to be cut), or at once when there is none.
    caf::replies_to<drain_atom>::with<uint64_t>,
    /// Counters for /metrics.
    caf::replies_to<stats_atom>::with<listener_stats>>;

/// What the splitter already knows about a request that is handed to a worker: a sum of these.
namespace serve_flags {
constexpr uint8_t keep_alive = 1; ///< the client wants to go on with this connection
constexpr uint8_t upgrade = 2;    ///< a WebSocket handshake
} // namespace serve_flags

/// Turns requests into answers for one or several listeners. The sender of each message is the listener.
/// A connection always speaks to the same worker.
using worker_actor = caf::typed_actor<
    /// Whole requests, all that one look at the sockets brought; each is owed one answered, upgrade_atom or adopt_atom.
    caf::reacts_to<serve_atom, std::vector<served>>,
    /// A text message of a WebSocket; owes one taken_atom to the sender.
    caf::reacts_to<text_atom, served>,
    /// A WebSocket has ended, whoever ended it.
    caf::reacts_to<gone_atom, connection_id>,
    /// True: this viewer's unsent bytes passed limits::viewer_backlog_bytes and pushes are dropped; false: it has
    /// drained below a tenth of that, after so many frames were dropped.
    caf::reacts_to<congested_atom, connection_id, bool, uint64_t>>;

} // namespace agentmon
