#pragma once
#include "actors/poster.hpp"
#include "bus/pull.hpp"
#include "http/interfaces.hpp"
#include "http/router.hpp"
#include "journal/journal.hpp"
#include "monitor/verdict.hpp"
#include "protocol/access_key.hpp"
#include "protocol/encode.hpp"
#include "protocol/failure.hpp"
#include "protocol/fold.hpp"
#include "store/search.hpp"

#include <caf/error.hpp>
#include <caf/message.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

/// What actors say to each other, beside the words of http/messages.hpp.
namespace agentmon {

/// A batch that asks to be let in.
struct admission {
  std::vector<batch_part> parts; ///< its valid events
  poster from;
};

/// The same behind the gate, which knows the poster by its ticket.
struct ticketed_batch {
  uint64_t ticket = 0;
  std::vector<batch_part> parts;
};

/// Where a journal stands; records are numbered from 1.
struct journal_position {
  std::string id; ///< of the journal folder, a UUID
  uint64_t first_uncommitted = 1;
  uint64_t last = 0;
  uint64_t bytes = 0;
  uint64_t events_waiting = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, journal_position& x) {
  return f(caf::meta::type_name("journal_position"), x.id, x.first_uncommitted, x.last, x.bytes, x.events_waiting);
}

/// One question to the query API: the route's name, the id in its path, and the parameters as they came.
struct query {
  std::string route;
  std::string id;
  std::multimap<std::string, std::string> parameters;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, query& x) {
  return f(caf::meta::type_name("query"), x.route, x.id, x.parameters);
}

/// Which live events a viewer wants; empty: all.
struct live_filter {
  std::string session_id;
  std::string framework;
  std::vector<std::string> types; ///< event types, and "sessions" and "vms" for those frames

  friend bool operator<(const live_filter& a, const live_filter& b) {
    return std::tie(a.session_id, a.framework, a.types) < std::tie(b.session_id, b.framework, b.types);
  }
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, live_filter& x) {
  return f(caf::meta::type_name("live_filter"), x.session_id, x.framework, x.types);
}

/// What an operator wants a node to do: "restart" an actor, "drain" a role or the node, "poll" a machine, "log" at a
/// level, "verify" what is stored.
struct instruction {
  std::string node; ///< empty: the one that is asked
  std::string verb;
  std::string object; ///< the actor, role or machine; empty: all of the node
  std::string value;  ///< the level
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, instruction& x) {
  return f(caf::meta::type_name("instruction"), x.node, x.verb, x.object, x.value);
}

/// Something that changed and that viewers are told: a session or a machine, as the query API shows it.
struct live_change {
  std::string kind; ///< "sessions" or "vms", the frame's key
  std::string session_id;
  std::string framework;
  std::string json;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, live_change& x) {
  return f(caf::meta::type_name("live_change"), x.kind, x.session_id, x.framework, x.json);
}

/// A request that the page's port passes on to the query port, and what came back.
struct proxied_request {
  std::string method;
  std::string target; ///< path and query string
  std::string body;
  std::multimap<std::string, std::string> headers;
};

struct proxied_response {
  int32_t status = 0;
  std::string body;
  std::multimap<std::string, std::string> headers;
};

/// How a member of the cluster is.
enum class presence : uint8_t { alive = 1, away, stopped };
std::string_view to_string(presence);

/// One agentmon process of the cluster, as it tells of itself and as others pass it on.
struct member {
  std::string name; ///< unique in the cluster
  std::string cluster;
  std::string version;
  std::vector<std::string> roles; ///< in path order
  std::string address;            ///< HOST:PORT of its control port; empty: it cannot be dialed
  bool has_gate = false;          ///< takes batches of nodes without a bus
  uint64_t incarnation = 0;       ///< another one after each start
  int64_t since_us = 0;           ///< when it was started, microseconds since 1970
  uint32_t load_permille = 0;     ///< processor time in the last seconds; 1000 is a whole core
  uint8_t state = 0;              ///< a presence, as it is seen by who tells
  int64_t heard_us = 0;           ///< when that one last heard of it, microseconds since 1970; 0: never
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, member& x) {
  return f(caf::meta::type_name("member"), x.name, x.cluster, x.version, x.roles, x.address, x.has_gate, x.incarnation,
           x.since_us, x.load_permille, x.state, x.heard_us);
}

/// Envelopes on their way from a node without a bus to another one's gate, as they lay in its journal.
struct forwarded_part {
  std::string json; ///< of a batch_part
  uint32_t events = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, forwarded_part& x) {
  return f(caf::meta::type_name("forwarded_part"), x.json, x.events);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, key_use& x) {
  return f(caf::meta::type_name("key_use"), x.id, x.accepted, x.rejected);
}

// Messages that stay in one process, because both ends always share a role.
using admissions = std::vector<admission>;
using ticketed_batches = std::vector<ticketed_batch>;
using journal_records = std::vector<journal::record>;
using pulled_messages = std::vector<std::shared_ptr<const bus::bus_message>>;
using session_states = std::vector<session_state>;
using run_keys = std::vector<store::run_key>;

/// An agentmon failure as CAF carries it, and back.
caf::error to_error(const failure&);
failure to_failure(const caf::error&);

/// For CAF_ERROR_CODE_ENUM and for rendering.
std::string fault_text(uint8_t code, const caf::message& context);

} // namespace agentmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::admissions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::ticketed_batches)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::journal_records)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::pulled_messages)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::bus::bus_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::session_states)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::run_keys)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::websocket_peer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::proxied_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::proxied_response)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::monitor::judged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::monitor::outside_reading)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(agentmon::monitor::inside_reading)

CAF_BEGIN_TYPE_ID_BLOCK(agentmon_actors, caf::id_block::agentmon_http::end)

CAF_ADD_TYPE_ID(agentmon_actors, (agentmon::journal_position))
CAF_ADD_TYPE_ID(agentmon_actors, (agentmon::query))
CAF_ADD_TYPE_ID(agentmon_actors, (agentmon::live_filter))
CAF_ADD_TYPE_ID(agentmon_actors, (agentmon::instruction))
CAF_ADD_TYPE_ID(agentmon_actors, (agentmon::live_change))
CAF_ADD_TYPE_ID(agentmon_actors, (std::vector<agentmon::live_change>))
CAF_ADD_TYPE_ID(agentmon_actors, (std::vector<uint64_t>))
CAF_ADD_TYPE_ID(agentmon_actors, (std::vector<std::string>))
CAF_ADD_TYPE_ID(agentmon_actors, (agentmon::member))
CAF_ADD_TYPE_ID(agentmon_actors, (std::vector<agentmon::member>))
CAF_ADD_TYPE_ID(agentmon_actors, (agentmon::forwarded_part))
CAF_ADD_TYPE_ID(agentmon_actors, (std::vector<agentmon::forwarded_part>))
CAF_ADD_TYPE_ID(agentmon_actors, (agentmon::key_use))
CAF_ADD_TYPE_ID(agentmon_actors, (std::vector<agentmon::key_use>))

CAF_ADD_ATOM(agentmon_actors, agentmon, admit_atom, "admit")
CAF_ADD_ATOM(agentmon_actors, agentmon, append_atom, "append")
CAF_ADD_ATOM(agentmon_actors, agentmon, synced_atom, "synced")
CAF_ADD_ATOM(agentmon_actors, agentmon, read_atom, "read")
CAF_ADD_ATOM(agentmon_actors, agentmon, committed_atom, "committed")
CAF_ADD_ATOM(agentmon_actors, agentmon, position_atom, "position")
CAF_ADD_ATOM(agentmon_actors, agentmon, store_atom, "store")
CAF_ADD_ATOM(agentmon_actors, agentmon, changed_atom, "changed")
CAF_ADD_ATOM(agentmon_actors, agentmon, touched_atom, "touched")
CAF_ADD_ATOM(agentmon_actors, agentmon, feed_atom, "feed")
CAF_ADD_ATOM(agentmon_actors, agentmon, join_atom, "joinlive")
CAF_ADD_ATOM(agentmon_actors, agentmon, leave_atom, "leavelive")
CAF_ADD_ATOM(agentmon_actors, agentmon, relieved_atom, "relieved")
CAF_ADD_ATOM(agentmon_actors, agentmon, query_atom, "query")
CAF_ADD_ATOM(agentmon_actors, agentmon, proxy_atom, "proxy")
CAF_ADD_ATOM(agentmon_actors, agentmon, dial_atom, "dial")
CAF_ADD_ATOM(agentmon_actors, agentmon, free_atom, "free")
CAF_ADD_ATOM(agentmon_actors, agentmon, lost_atom, "lost")
CAF_ADD_ATOM(agentmon_actors, agentmon, judged_atom, "judged")
CAF_ADD_ATOM(agentmon_actors, agentmon, hello_atom, "hello")
CAF_ADD_ATOM(agentmon_actors, agentmon, goodbye_atom, "goodbye")
CAF_ADD_ATOM(agentmon_actors, agentmon, roster_atom, "roster")
CAF_ADD_ATOM(agentmon_actors, agentmon, forward_atom, "forward")
CAF_ADD_ATOM(agentmon_actors, agentmon, lease_atom, "lease")
CAF_ADD_ATOM(agentmon_actors, agentmon, release_atom, "release")
CAF_ADD_ATOM(agentmon_actors, agentmon, instruct_atom, "instruct")
CAF_ADD_ATOM(agentmon_actors, agentmon, tail_atom, "tail")
CAF_ADD_ATOM(agentmon_actors, agentmon, poll_atom, "pollnow")
CAF_ADD_ATOM(agentmon_actors, agentmon, keys_atom, "keys")

// private to one actor's own mailbox
CAF_ADD_ATOM(agentmon_actors, agentmon, flush_atom, "flush")
CAF_ADD_ATOM(agentmon_actors, agentmon, open_atom, "opennow")
CAF_ADD_ATOM(agentmon_actors, agentmon, acked_atom, "acked")
CAF_ADD_ATOM(agentmon_actors, agentmon, refused_atom, "refused")
CAF_ADD_ATOM(agentmon_actors, agentmon, pulled_atom, "pulled")
CAF_ADD_ATOM(agentmon_actors, agentmon, ended_atom, "ended")
CAF_ADD_ATOM(agentmon_actors, agentmon, outside_atom, "outside")
CAF_ADD_ATOM(agentmon_actors, agentmon, inside_atom, "inside")
CAF_ADD_ATOM(agentmon_actors, agentmon, late_atom, "late")
CAF_ADD_ATOM(agentmon_actors, agentmon, settled_atom, "settled")
CAF_ADD_ATOM(agentmon_actors, agentmon, forget_atom, "forget")

CAF_END_TYPE_ID_BLOCK(agentmon_actors)

CAF_ERROR_CODE_ENUM(agentmon::fault, "agentmon")
