#include "actors/services.hpp"

#include "actors/backoff.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "services/nats.hpp"
#include "services/postgres.hpp"

#include <caf/all.hpp>

namespace agentmon {
namespace {

using self_actor = services_actor::extend<caf::reacts_to<caf::tick_atom>>;
using steady = std::chrono::steady_clock;

/// One private server: started, watched, started again when it ends or does not get ready.
template <class Server>
class kept_server {
public:
  kept_server(std::string_view check, std::function<void(const Server&)> announce)
      : check_{check}, announce_{std::move(announce)} {}

  void look(node_context& node) {
    if (steady::now() < not_before_) return;
    if (!server_) {
      auto opened = Server::open(node.config.data_dir);
      if (!opened) return fail_for_now(node, opened.error().message);
      server_.emplace(std::move(*opened));
    }
    if (!server_->running()) return start(node);
    if (ready_) return watch(node);
    switch (server_->look()) {
    case service::health::ready:
      ready_ = true;
      useful_ = steady::now();
      retry_.reset();
      announce_(*server_);
      break;
    case service::health::starting: // recovery after a crash takes as long as it takes
      started_ = steady::now();
      break;
    default:
      if (steady::now() - started_ > limits::service_start_timeout) {
        log::warn("services", "a private server does not answer; it is started anew", {{"server", check_}});
        stop();
        began_ = false;
      }
    }
  }

  void stop() {
    ready_ = false;
    if (!server_) return;
    if (auto stopped = server_->stop(); !stopped)
      log::error("services", "a private server did not stop",
                 {{"server", check_}, {"reason", stopped.error().message}});
  }

private:
  /// nats-server 2.9 locks itself up when its disk is full and still greets clients: only its users notice, and no room
  /// on the disk brings it back.
  void watch(const node_context& node) {
    const auto since = node.status.away_since(check_);
    if (!std::is_same_v<Server, service::nats> || !since || since != away_since_) useful_ = steady::now();
    away_since_ = since;
    if (steady::now() - useful_ <= limits::service_useless) return;
    log::warn("services", "a private server runs, but is of no use; it is started anew", {{"server", check_}});
    stop();
    began_ = false;
  }

  void start(node_context& node) {
    if (began_) {
      log::warn("services", "a private server ended; it is started again",
                {{"server", check_}, {"ending", server_->ending()}});
      began_ = false;
      return fail_for_now(node, "the private server ended and is being started again");
    }
    ready_ = false;
    if (auto started = server_->start(); !started) return fail_for_now(node, started.error().message);
    began_ = true;
    started_ = steady::now();
  }

  void fail_for_now(node_context& node, const std::string& why) {
    node.status.set(check_, condition::away, why);
    not_before_ = steady::now() + retry_.next();
  }

  std::string_view check_;
  std::function<void(const Server&)> announce_;
  std::optional<Server> server_;
  bool began_ = false; ///< start() succeeded; it should run
  bool ready_ = false;
  steady::time_point started_{};
  std::optional<timestamp> away_since_; ///< as its users tell
  steady::time_point useful_{};         ///< when it was last known to be
  steady::time_point not_before_{};
  backoff retry_{limits::restart_min, limits::restart_max};
};

struct services_state {
  explicit services_state(self_actor::pointer actor) : self{actor} {}

  void begin(node_context& context) {
    node = &context;
    if (node->config.needs_database() && !node->config.database_url) {
      node->status.expect("postgresql");
      postgres.emplace("postgresql",
                       [this](const service::postgres& it) { node->servers.set_database(it.connection_string()); });
    }
    if (node->config.needs_bus() && !node->config.nats_url) {
      node->status.expect("nats");
      nats.emplace("nats", [this](const service::nats& it) { node->servers.set_nats(it.url()); });
    }
  }

  void look() {
    if (postgres) postgres->look(*node);
    if (nats) nats->look(*node);
  }

  bool stop() {
    stopped = true;
    if (nats) nats->stop();
    if (postgres) postgres->stop();
    return true;
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  std::optional<kept_server<service::postgres>> postgres;
  std::optional<kept_server<service::nats>> nats;
  bool stopped = false;
  static inline const char* name = "services";
};

self_actor::behavior_type serve(counted_pointer<self_actor, services_state> self, node_context* node) {
  auto& state = self->state;
  state.begin(*node);
  self->send(self, caf::tick_atom_v);
  return {
      [&state](drain_atom) { return state.stop(); },
      [self, &state](caf::tick_atom) {
        if (state.stopped) return;
        state.look();
        self->delayed_send(self, limits::service_check, caf::tick_atom_v);
      },
  };
}

} // namespace

services_actor spawn_services(caf::actor_system& system, node_context& node) {
  return system.spawn<caf::detached>(serve, &node);
}

} // namespace agentmon
