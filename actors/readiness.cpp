#include "actors/readiness.hpp"

#include "protocol/json_writer.hpp"

#include <algorithm>
#include <span>

namespace agentmon {
namespace {

/// Without these a role can do nothing; what else is away it makes up for later.
std::span<const std::string_view> needs_of(role r) {
  static constexpr std::string_view journal[] = {"journal"};
  static constexpr std::string_view both[] = {"postgresql", "nats"};
  static constexpr std::string_view database[] = {"postgresql"};
  static constexpr std::string_view query_port[] = {"query port"};
  switch (r) {
  case role::ingest:
  case role::monitor: return journal;
  case role::processor: return both;
  case role::query: return database;
  case role::ui: return query_port;
  }
  return {};
}

} // namespace

std::string_view readiness_of(const node_context& node, role r) {
  const auto needs = needs_of(r);
  if (!std::all_of(needs.begin(), needs.end(), [&](auto name) { return node.status.is_up(name); }))
    return "unavailable";
  const auto actors = node.actors.list();
  const bool all_work = std::all_of(actors.begin(), actors.end(), [&](const actor_status& each) {
    return each.above != to_string(r) || each.state == actor_state::up;
  });
  return all_work ? "ready" : "degraded";
}

std::string checks_json(const health& status) {
  json_writer to;
  to.begin_array();
  for (const auto& [name, known] : status.checks())
    to.begin_object()
        .member("name", std::string_view{name})
        .member("state", to_string(known.state))
        .member("since", known.since)
        .member("message", std::string_view{known.message})
        .end_object();
  return to.end_array().text();
}

std::string readiness_json(const node_context& node, std::string_view vital, bool& available) {
  available = node.status.is_up(vital);
  const auto checks = node.status.checks();
  const bool all_up =
      std::all_of(checks.begin(), checks.end(), [](const auto& c) { return c.second.state == condition::up; });
  json_writer to;
  to.begin_object()
      .member("status", !available ? "unavailable"
                        : all_up   ? "ready"
                                   : "degraded")
      .key("roles")
      .begin_array();
  for (const auto r : node.config.roles)
    to.begin_object().member("role", to_string(r)).member("state", readiness_of(node, r)).end_object();
  to.end_array().raw_member("checks", checks_json(node.status)).key("warnings").begin_array();
  for (const auto& [name, message] : node.status.warnings())
    to.begin_object().member("name", std::string_view{name}).member("message", std::string_view{message}).end_object();
  to.end_array();
  return to.end_object().text();
}

} // namespace agentmon
