#include "actors/proxy.hpp"

#include "http/counted_actor.hpp"
#include "http/dial.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>
#include <httplib.h>

namespace agentmon {
namespace {

std::string words_of(httplib::Error error) {
  if (error == httplib::Error::Connection) return "no connection";
  if (error == httplib::Error::Read) return "no answer in time";
  return httplib::to_string(error);
}

using self_actor = proxy_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct proxy_state {
  explicit proxy_state(self_actor::pointer actor) : self{actor} {}

  void open(const std::string& base) {
    client = std::make_unique<httplib::Client>(base);
    client->set_keep_alive(true);
    client->set_connection_timeout(limits::proxy_timeout);
    client->set_read_timeout(limits::proxy_timeout);
    client->set_write_timeout(limits::proxy_timeout);
    client->set_decompress(false);
  }

  caf::result<proxied_response> fetch(const proxied_request& wanted) {
    httplib::Request request;
    request.method = wanted.method;
    request.path = wanted.target;
    request.body = wanted.body;
    for (const auto& [header, value] : wanted.headers) request.headers.emplace(header, value);
    const auto answer = client->send(request);
    if (!answer) return unreachable(words_of(answer.error()));
    reached();
    proxied_response response{answer->status, answer->body, {}};
    for (const auto& [header, value] : answer->headers) response.headers.emplace(header, value);
    return response;
  }

  caf::result<int32_t> dial() {
    auto socket = connect_to(node->config.query_base, limits::proxy_timeout);
    if (!socket) return unreachable(socket.error().message);
    reached();
    return *socket;
  }

  /// So that /readyz of this port tells whether there is something behind it.
  void look() {
    if (const auto answer = client->Get("/healthz"))
      reached();
    else
      unreachable(words_of(answer.error()));
  }

  void reached() { node->status.set("query port", condition::up); }

  caf::error unreachable(const std::string& why) {
    const auto message = "the query port at " + node->config.query_base + " does not answer (" + why
                         + "); is it running, and is AGENTMON_QUERY_BASE right?";
    node->status.set("query port", condition::away, message);
    return to_error({fault::unavailable, message});
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  std::unique_ptr<httplib::Client> client;
  static inline const char* name = "proxy";
};

self_actor::behavior_type proxy(counted_pointer<self_actor, proxy_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  state.open(node->config.query_base);
  node->status.expect("query port");
  self->send(self, caf::tick_atom_v);
  return {
      [&state](proxy_atom, const proxied_request& request) { return state.fetch(request); },
      [&state](dial_atom) { return state.dial(); },
      [](free_atom) { return true; },
      [self, &state](caf::tick_atom) {
        state.look();
        self->delayed_send(self, limits::service_check, caf::tick_atom_v);
      },
  };
}

} // namespace

proxy_actor spawn_proxy(caf::actor_system& system, node_context& node) {
  return system.spawn<caf::detached>(proxy, &node);
}

} // namespace agentmon
