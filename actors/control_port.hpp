#pragma once
#include "actors/interfaces.hpp"
#include "control/middleman.hpp"
#include "protocol/endpoint.hpp"
#include "settings/settings.hpp"

#include <caf/fwd.hpp>

namespace agentmon {

/// How this process speaks to others by its settings, checked. fault::invalid: a certificate file is wrong, or the
/// control port would be open to other machines without TLS.
result<control::link> control_link(const settings&);

/// Publishes the node's face at its control port. fault::unavailable: the port cannot be had.
result<void> open_control_port(caf::actor_system&, const control::link&, const endpoint&, const node_actor& face);

/// What CAF's error says in words.
std::string control_reason(const caf::actor_system&, const caf::error&);

} // namespace agentmon
