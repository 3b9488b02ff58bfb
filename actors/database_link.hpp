#pragma once
#include "actors/context.hpp"
#include "protocol/limits.hpp"
#include "store/connection.hpp"

#include <optional>

namespace agentmon {

/// Sees to a connection of an actor that works behind the writer. False when there is none now; it is enough to come
/// back later, because the writer makes the schema and tells when PostgreSQL is away.
inline bool connect_behind_writer(const node_context& node, std::optional<store::connection>& link) {
  if (link && link->alive()) return true;
  link.reset();
  const auto where = node.servers.database();
  if (!where || !node.status.is_up("postgresql")) return false;
  auto opened = store::connect(*where, limits::transaction_timeout);
  if (opened) link.emplace(std::move(*opened));
  return link.has_value();
}

} // namespace agentmon
