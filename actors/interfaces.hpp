#pragma once
#include "actors/messages.hpp"
#include "protocol/limits.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

/// Every actor of agentmon in the order in which an event meets them, one sentence a message. Start reading here.
/// The listener and worker of a port stand in http/interfaces.hpp. What an actor sends to itself stays in its .cpp.
namespace agentmon {

// -- at the doors (every role) ----------------------------------------------------

/// Learns the access keys from PostgreSQL, or from another node where this one has none, and tells what they were used
/// for. Detached: it waits for PostgreSQL and for the disk.
using key_reader_actor = caf::typed_actor<
    /// From a node without PostgreSQL, which knows the list of this SHA-256 and counted these uses since it asked last.
    /// Answers the list (access_keys_json), or nothing when it is the same. Fails with unavailable, and has counted
    /// nothing, when this node does not know it from PostgreSQL itself just now.
    caf::replies_to<keys_atom, std::string, std::vector<key_use>>::with<std::string>>;

// -- accepting (role ingest) -----------------------------------------------------

/// Lets batches in as long as the window of bytes in flight (limits::window_bytes) has room. Never blocks.
using gate_actor = caf::typed_actor<
    /// Takes batches; tells each poster the number of its events once they are synced to the journal's disk, or else
    /// overload (nothing kept, send again), timeout (unknown, send again), unavailable or stopping.
    caf::reacts_to<admit_atom, admissions>,
    /// From the journal: these tickets are on disk (code 0), or were refused with this fault for this reason.
    caf::reacts_to<synced_atom, std::vector<uint64_t>, uint8_t, std::string>>;

/// Owns the journal's folder: groups all that waits into one sync, reads it back in order, forgets what is committed.
/// Detached: it waits for the disk.
using journal_actor = caf::typed_actor<
    /// Appends batches under tickets of the sender, a gate, which gets synced_atom after the next sync.
    caf::reacts_to<append_atom, ticketed_batches>,
    /// The records from this number on, up to so many bytes; when there are none yet, waits for the next sync or for
    /// limits::journal_poll and then answers with what there is, which may be nothing. One reader at a time.
    caf::replies_to<read_atom, uint64_t, uint64_t>::with<journal_records>,
    /// Everything up to this record is committed in PostgreSQL and may be forgotten.
    caf::reacts_to<committed_atom, uint64_t>,
    /// Where it stands.
    caf::replies_to<position_atom>::with<journal_position>>;

/// Brings journal records to the bus and learns from the consumer's ack floor what is committed. Asks nobody to be
/// told anything: it reads the journal at its own pace, so an absent bus costs no memory. Detached: cnats may wait.
using publisher_actor = caf::typed_actor<
    /// How many records were published and not yet known to be committed.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// Brings journal records to the gate of another node, where this one has no bus: a batch is sent again, to whichever
/// gate is there, until one answers that it is synced; then it counts as committed here.
using forwarder_actor = caf::typed_actor<
    /// How many records have been handed over since the start.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// Takes the batches of nodes without a bus to this node's gate.
using intake_actor = caf::typed_actor<
    /// Answers with the number of events once they are synced to this node's disk. Fails with overload, timeout,
    /// unavailable or stopping: send it again, nothing is counted twice.
    caf::replies_to<forward_atom, std::vector<forwarded_part>>::with<uint64_t>>;

// -- storing (role processor) -------------------------------------------------------

/// Stores bus messages: one transaction a call; several share the work through a pool. Detached: it waits for
/// PostgreSQL.
using writer_actor = caf::typed_actor<
    /// Answers with the number of new events after COMMIT; from then on the messages may be acknowledged. Fails with
    /// unavailable, timeout or overload: nothing of it is stored, send the same again.
    caf::replies_to<store_atom, pulled_messages>::with<uint64_t>,
    /// True, as soon as everything before this is answered; its pool asks.
    caf::replies_to<free_atom>::with<bool>>;

/// Pulls messages from the durable consumer, hands them to the writers and acknowledges after COMMIT. Detached.
using puller_actor = caf::typed_actor<
    /// How many bytes are pulled and not yet committed.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// Whoever shows what changed: this node's broadcaster, or a relay to those of all nodes.
using viewers_actor = caf::typed_actor<
    /// Sessions or machines that changed, and when that was committed in microseconds since 1970 (0: by no COMMIT).
    caf::reacts_to<changed_atom, std::vector<live_change>, int64_t>>;

/// Keeps the sessions that are alive, notices those that went quiet, and tells the broadcaster of each change.
using aggregator_actor = caf::typed_actor<
    /// From the writer, after COMMIT: these sessions as they are now, and the time of that COMMIT in microseconds since
    /// 1970.
    caf::reacts_to<changed_atom, session_states, int64_t>,
    /// From the writer, after COMMIT: these machines as they are now, for the viewers; the time as above.
    caf::reacts_to<changed_atom, std::vector<live_change>, int64_t>>;

/// Makes the words of runs findable, behind the writer and never in its way. Detached: it waits for PostgreSQL.
using indexer_actor = caf::typed_actor<
    /// From the writer, after COMMIT: these runs have new events.
    caf::reacts_to<touched_atom, run_keys>>;

/// Thins the samples of machines as they grow old, a slice at a time. Detached: it waits for PostgreSQL.
using thinner_actor = caf::typed_actor<
    /// How many it has removed.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// Drops the oldest days as the settings want it, one at a time, and only on one node. Detached: it waits for
/// PostgreSQL.
using retainer_actor = caf::typed_actor<
    /// How many it has dropped.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

// -- showing (role query, role ui) ------------------------------------------------------

/// Serves the live feed: remembers recent frames, filters them per viewer, tells gaps. Never blocks.
using broadcaster_actor = caf::typed_actor<
    /// From the bus: a message as it was published, an array of envelopes or a single one, maybe packed, and when it
    /// was published, in microseconds since 1970 (0: unknown).
    caf::reacts_to<feed_atom, std::string, int64_t>,
    /// From the feed: it has missed messages, nobody knows how many frames they would have been.
    caf::reacts_to<lost_atom>,
    /// From the aggregator: sessions or machines that changed, and when that was committed (0: by no COMMIT).
    caf::reacts_to<changed_atom, std::vector<live_change>, int64_t>,
    /// A viewer came; with a sequence number above 0 it gets what it missed, or a gap notice.
    caf::reacts_to<join_atom, websocket_peer, live_filter, uint64_t>,
    /// The viewer has gone.
    caf::reacts_to<leave_atom, connection_id>,
    /// The viewer reads again, after so many frames were dropped because it did not.
    caf::reacts_to<relieved_atom, connection_id, uint64_t>,
    /// For one who asks again and again: {"seq","frames":[...]}, the frames behind this number that the filter lets
    /// through, up to limits::tail_bytes; with 0 only the number of now. "gap":true when some are no longer here.
    caf::replies_to<tail_atom, live_filter, uint64_t>::with<std::string>,
    /// How many viewers there are.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// Subscribes to the bus for the live feed and hands what comes to the broadcaster. Detached: connecting waits.
using feed_actor = caf::typed_actor<
    /// How many messages were missed because this process was too slow.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// Answers one question at a time from PostgreSQL; several share the work through a pool. Detached.
using reader_actor = caf::typed_actor<
    /// The JSON text of the answer. Fails with invalid, not_found, timeout, overload or unavailable.
    caf::replies_to<query_atom, query>::with<std::string>,
    /// True, as soon as everything before this is answered; its pool asks.
    caf::replies_to<free_atom>::with<bool>>;

/// Fetches what the page asks of the query port, for the ui port; several share the work through a pool. Detached.
using proxy_actor = caf::typed_actor<
    /// Sends the request on and gives what came back. Fails with unavailable or timeout.
    caf::replies_to<proxy_atom, proxied_request>::with<proxied_response>,
    /// A socket connected to the query port, for a WebSocket; the receiver owns it.
    caf::replies_to<dial_atom>::with<int32_t>,
    /// True, as soon as everything before this is answered; its pool asks.
    caf::replies_to<free_atom>::with<bool>>;

// -- watching machines (role monitor) --------------------------------------------------------

/// Keeps a poller for each machine of the registry: one that is added, changed or removed there is started, started
/// anew or stopped, and no other is touched. Detached: it reads the registry and writes what pollers remember.
using fleet_actor = caf::typed_actor<
    /// From a poller: what is to be remembered of its machine should the monitor be started again.
    caf::reacts_to<judged_atom, std::string, monitor::judged>,
    /// Has this machine looked at now; false when it is not watched here.
    caf::replies_to<poll_atom, std::string>::with<bool>,
    /// How many machines there are.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// Says which monitor may look after a machine, by a table of PostgreSQL: at most one at a time. Detached.
using leases_actor = caf::typed_actor<
    /// This monitor knows these machines; answers with those that it alone may look after for limits::lease_life from
    /// when it asked. Fails with unavailable: nothing is known, what was granted before ends when it ends.
    caf::replies_to<lease_atom, std::string, std::vector<std::string>>::with<std::vector<std::string>>,
    /// It has stopped looking after these.
    caf::replies_to<release_atom, std::string, std::vector<std::string>>::with<bool>>;

/// Looks after one machine: asks libvirt and visits it over SSH, judges what they say, and brings it to the gate as
/// events, again until they are taken. Waits for nobody; what does not answer in time is told so.
using poller_actor = caf::typed_actor<
    /// Looks at its machine now, besides when it is due.
    caf::reacts_to<poll_atom>,
    /// How many of its events the gate has not taken yet.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

// -- around all ---------------------------------------------------------------------------

/// What other nodes and the operator's shell speak to: one a process, published at its control port. It waits for
/// nobody; who asks over the network asks with a time-out, for an answer may never come.
using node_actor = caf::typed_actor<
    /// Who greets is a member from now on, with this actor (its node_actor) to reach it by; answers who this is and all
    /// members known here. Said again every limits::member_look, it is also the sign of life. Fails with invalid when
    /// the two do not belong together: another cluster, another version, a name that is taken.
    caf::replies_to<hello_atom, member, caf::strong_actor_ptr>::with<member, std::vector<member>>,
    /// The member of this name and incarnation stops, in order.
    caf::reacts_to<goodbye_atom, std::string, uint64_t>,
    /// All members known here, this one first, each with its presence.
    caf::replies_to<roster_atom>::with<std::vector<member>>,
    /// From a node without a bus: as intake_actor.
    caf::replies_to<forward_atom, std::vector<forwarded_part>>::with<uint64_t>,
    /// From a node with an aggregator: as viewers_actor.
    caf::reacts_to<changed_atom, std::vector<live_change>, int64_t>,
    /// From a node with a fleet: as leases_actor.
    caf::replies_to<lease_atom, std::string, std::vector<std::string>>::with<std::vector<std::string>>,
    caf::replies_to<release_atom, std::string, std::vector<std::string>>::with<bool>,
    /// From other nodes and from the shell: as operations_actor.
    caf::replies_to<query_atom, query>::with<std::string>,
    caf::replies_to<instruct_atom, instruction>::with<std::string>,
    caf::replies_to<tail_atom, live_filter, uint64_t>::with<std::string>,
    /// From a node without PostgreSQL: as key_reader_actor.
    caf::replies_to<keys_atom, std::string, std::vector<key_use>>::with<std::string>>;

/// Finds the other nodes, greets each of them again and again, and keeps the roster (actors/roster.hpp).
using membership_actor = caf::typed_actor<
    /// How many other members are alive.
    caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// What operators ask of a node and want done there, for the page and for the shell. Never blocks.
using operations_actor = caf::typed_actor<
    /// JSON: "system" (all nodes, their actors and their lag), "report" (of this one), "config", "verify" (how far that
    /// is), or what a reader answers to. Fails as a reader does.
    caf::replies_to<query_atom, query>::with<std::string>,
    /// Does it, or begins to, and says so in a sentence. Fails with not_found, invalid or unavailable.
    caf::replies_to<instruct_atom, instruction>::with<std::string>,
    /// As the broadcaster's.
    caf::replies_to<tail_atom, live_filter, uint64_t>::with<std::string>>;

/// Runs the private PostgreSQL and nats-server of the data folder and starts them again when they end. Detached: its
/// thread is the servers' parent.
using services_actor = caf::typed_actor<
    /// Stops both, NATS first; answers when they have ended.
    caf::replies_to<drain_atom>::with<bool>>;

} // namespace agentmon
