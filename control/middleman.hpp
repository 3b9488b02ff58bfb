#pragma once
#include "control/identity.hpp"
#include "control/refusals.hpp"
#include "protocol/endpoint.hpp"

#include <caf/fwd.hpp>
#include <caf/io/middleman_actor.hpp>

#include <memory>

namespace agentmon::control {

/// How this process speaks to other nodes: nothing but what both ends bring along, so that it can be copied.
struct link {
  std::shared_ptr<identity> who; ///< absent: without TLS, for loopback only
  std::shared_ptr<refusals> told = std::make_shared<refusals>();
};

/// Opens and makes connections between nodes: CAF's own middleman actor, over sockets that speak TLS, refuse frames
/// beyond limits::control_frame_bytes, and never wait longer than limits::dial_timeout and limits::handshake_timeout.
/// Its connects happen one after the other, so whoever must not wait for another's unreachable host has one of his own.
/// Detached. An error carries its reason in words.
caf::io::middleman_actor spawn_middleman(caf::actor_system&, link);

} // namespace agentmon::control
