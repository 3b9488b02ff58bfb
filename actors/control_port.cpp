#include "actors/control_port.hpp"

#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>

namespace agentmon {

result<control::link> control_link(const settings& config) {
  const auto& files = config.control_tls;
  if (files.certificate || files.key || files.authorities || files.revoked) {
    auto who = control::identity::load(files);
    if (!who) return tl::unexpected{who.error()};
    return control::link{.who = std::move(*who)};
  }
  if (config.control && !is_loopback(*config.control))
    return fail(fault::invalid, "AGENTMON_CONTROL_ADDR=" + to_string(*config.control)
                                    + " is reached by other machines, which needs TLS: set AGENTMON_CONTROL_CERT, "
                                      "AGENTMON_CONTROL_KEY and AGENTMON_CONTROL_CA (deploy/ca.sh), or listen on "
                                      "127.0.0.1");
  for (const auto& to : config.join)
    if (!is_loopback(to))
      return fail(fault::invalid, "AGENTMON_JOIN=" + to_string(to)
                                      + " is another machine, which needs TLS: set AGENTMON_CONTROL_CERT, "
                                        "AGENTMON_CONTROL_KEY and AGENTMON_CONTROL_CA (deploy/ca.sh)");
  return control::link{.who = nullptr};
}

result<void> open_control_port(caf::actor_system& system, const control::link& how, const endpoint& where,
                               const node_actor& face) {
  caf::scoped_actor self{system};
  const auto opener = control::spawn_middleman(system, how);
  result<void> opened;
  self->request(opener, limits::control_request_timeout, caf::publish_atom_v, where.port,
                caf::actor_cast<caf::strong_actor_ptr>(face),
                system.message_types(caf::detail::type_list<node_actor>{}), where.host, true)
      .receive(
          [&](uint16_t port) {
            log::info("control", "listens", {{"host", where.host}, {"port", port}, {"tls", how.who ? "yes" : "no"}});
          },
          [&](const caf::error& e) {
            opened =
                fail(fault::unavailable, control_reason(system, e) + " It is the control port, AGENTMON_CONTROL_ADDR.");
          });
  self->send_exit(opener, caf::exit_reason::kill); // the port stays open
  return opened;
}

std::string control_reason(const caf::actor_system& system, const caf::error& e) {
  const auto& context = e.context();
  if (context.match_elements<std::string>()) return context.get_as<std::string>(0);
  // What CAF makes of an answer that is none depends on how much of it has come.
  for (const auto no_node : {caf::sec::disconnect_during_handshake, caf::sec::connection_timeout,
                             caf::sec::malformed_basp_message, caf::sec::incompatible_versions,
                             caf::sec::incompatible_application_ids, caf::sec::serializing_basp_payload_failed})
    if (e == no_node)
      return "what is there does not answer as a node of agentmon " AGENTMON_VERSION
             " does: it is none, it hangs, or it wants TLS (set AGENTMON_CONTROL_CERT, AGENTMON_CONTROL_KEY and "
             "AGENTMON_CONTROL_CA)";
  return system.render(e);
}

} // namespace agentmon
