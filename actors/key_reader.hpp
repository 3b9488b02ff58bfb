#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace agentmon {

/// Puts the keys of the data folder's file, if there is one, into node.keys: what this node knew last. Without a file
/// that can be used they are awaited, where there is somebody to tell them. Before the ports are open.
void load_keys(node_context&);

key_reader_actor spawn_key_reader(caf::actor_system&, node_context&);

} // namespace agentmon
