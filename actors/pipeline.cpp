#include "actors/pipeline.hpp"

#include "actors/aggregator.hpp"
#include "actors/broadcaster.hpp"
#include "actors/control_port.hpp"
#include "actors/feed.hpp"
#include "actors/fleet.hpp"
#include "actors/forwarder.hpp"
#include "actors/gate.hpp"
#include "actors/indexer.hpp"
#include "actors/intake.hpp"
#include "actors/journal.hpp"
#include "actors/keeper.hpp"
#include "actors/leases.hpp"
#include "actors/membership.hpp"
#include "actors/node_actor.hpp"
#include "actors/proxy.hpp"
#include "actors/publisher.hpp"
#include "actors/puller.hpp"
#include "actors/reader.hpp"
#include "actors/relay.hpp"
#include "actors/routes.hpp"
#include "actors/services.hpp"
#include "actors/thinner.hpp"
#include "actors/writer.hpp"
#include "http/listener.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>

#include <filesystem>

namespace agentmon {
namespace {

/// The folder of the page that was installed, or else built, with this program.
std::filesystem::path web_of_program() {
  std::error_code failed;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  const auto installed = folder.parent_path() / "share" / "agentmon" / "web";
  return std::filesystem::is_directory(installed, failed) ? installed : folder / "web";
}

class builder {
public:
  builder(caf::actor_system& system, node_context& node, pipeline& built)
      : system_{system}, node_{node}, built_{built} {}

  result<void> build() {
    const auto& config = node_.config;
    if (!config.join.empty() && config.needs_database() && (!config.database_url || !config.nats_url))
      return fail(fault::invalid, "a node that joins others and has role processor or query shares their PostgreSQL "
                                  "and NATS; set DATABASE_URL and NATS_URL");
    start_services();
    if (config.has(role::query)) broadcaster_ = keep<broadcaster_actor>("broadcaster", spawn_broadcaster);
    if (config.has(role::processor)) start_processor();
    result<void> started;
    if (config.has(role::query)) started = start_query();
    if (started && config.has(role::ui)) started = start_ui();
    if (started && config.has(role::ingest)) started = start_ingest();
    if (started && !config.has_port()) started = start_health();
    if (started && config.has(role::monitor)) start_monitor();
    if (started) started = start_control();
    // Built from the end of the path to its beginning, so that no message finds nobody; stopped the other way round.
    std::reverse(built_.actors.begin(), built_.actors.end());
    return started;
  }

private:
  template <class Handle, class Spawn, class... Neighbours>
  Handle keep(const std::string& name, Spawn spawn, Neighbours... neighbours) {
    return remember<Handle>(name, spawn_keeper(system_, node_, name, starter_of(spawn, neighbours...)));
  }

  template <class Handle, class Spawn, class... Neighbours>
  Handle share(const std::string& name, size_t count, size_t waiting, Spawn spawn, Neighbours... neighbours) {
    return remember<Handle>(name, spawn_pool(system_, node_, name, count, waiting, starter_of(spawn, neighbours...)));
  }

  template <class Spawn, class... Neighbours>
  starter starter_of(Spawn spawn, Neighbours... neighbours) {
    return [spawn, neighbours..., &node = node_](caf::actor_system& system) {
      return caf::actor_cast<caf::actor>(spawn(system, node, neighbours...));
    };
  }

  template <class Handle>
  Handle remember(const std::string& name, caf::actor keeper) {
    built_.actors.emplace_back(name, keeper);
    return as<Handle>(keeper);
  }

  result<void> start_control() {
    const auto& config = node_.config;
    if (!config.control && config.join.empty()) return {};
    const auto how = control_link(config);
    if (!how) return tl::unexpected{how.error()};
    node_neighbours neighbours{.intake = {}, .viewers = broadcaster_, .leases = {}};
    if (config.has(role::processor)) neighbours.leases = leases();
    if (config.needs_bus() && (config.has(role::ingest) || config.has(role::processor)))
      neighbours.intake = keep<intake_actor>("intake", spawn_intake, gate());
    const auto face = keep<node_actor>("node", spawn_node_actor, neighbours);
    keep<membership_actor>("membership", spawn_membership, face, *how);
    if (config.control)
      if (auto opened = open_control_port(system_, *how, *config.control, face); !opened) return opened;
    // Built last, when there is somebody to pass things on to, but stopped last, too: other nodes see it until then.
    std::rotate(built_.actors.begin(), built_.actors.end() - 2, built_.actors.end());
    return {};
  }

  void start_services() {
    const auto& config = node_.config;
    if (config.database_url) node_.servers.set_database(*config.database_url);
    if (config.nats_url) node_.servers.set_nats(*config.nats_url);
    if ((config.needs_database() && !config.database_url) || (config.needs_bus() && !config.nats_url))
      built_.services = spawn_services(system_, node_);
  }

  void start_processor() {
    const auto aggregator =
        keep<aggregator_actor>("aggregator", spawn_aggregator, keep<viewers_actor>("relay", spawn_relay, broadcaster_));
    const auto indexer = keep<indexer_actor>("indexer", spawn_indexer);
    keep<thinner_actor>("thinner", spawn_thinner);
    const auto writers =
        share<writer_actor>("writer", limits::writers, limits::writers, spawn_writer, aggregator, indexer);
    keep<puller_actor>("puller", spawn_puller, writers);
  }

  result<void> start_query() {
    const auto readers = share<reader_actor>("reader", limits::readers, limits::queries_waiting, spawn_reader);
    keep<feed_actor>("feed", spawn_feed, broadcaster_);
    return open_port("query", node_.config.query_addr, node_.config.query_token.has_value(),
                     query_routes(node_, readers, broadcaster_));
  }

  result<void> start_ui() {
    const auto folder = node_.config.web_dir.value_or(web_of_program());
    auto files = static_files::load(folder);
    if (!files) return tl::unexpected{files.error()};
    const auto proxies = share<proxy_actor>("proxy", limits::proxies, limits::proxied_waiting, spawn_proxy);
    return open_port("ui", node_.config.ui_addr, node_.config.query_token.has_value(),
                     ui_routes(node_, proxies, std::make_shared<const static_files>(std::move(*files))));
  }

  /// The way in for events, which all that makes events in this process shares.
  const gate_actor& gate() {
    if (gate_) return gate_;
    built_.journal = keep<journal_actor>("journal", spawn_journal);
    if (node_.config.forwards())
      keep<forwarder_actor>("forwarder", spawn_forwarder, built_.journal);
    else
      keep<publisher_actor>("publisher", spawn_publisher, built_.journal);
    return gate_ = keep<gate_actor>("gate", spawn_gate, built_.journal);
  }

  const leases_actor& leases() {
    if (leases_) return leases_;
    return leases_ = node_.config.has(role::processor) ? keep<leases_actor>("leases", spawn_leases)
                                                       : keep<leases_actor>("lease uplink", spawn_lease_uplink);
  }

  result<void> start_ingest() {
    return open_port("gateway", node_.config.addr, node_.config.ingest_token.has_value(),
                     gateway_routes(node_, gate()));
  }

  /// A node that only works behind the others is looked after, too.
  result<void> start_health() {
    const auto* const vital = node_.config.has(role::processor) ? "postgresql" : "journal";
    return open_port("health", node_.config.metrics_addr, true, health_routes(node_, vital));
  }

  void start_monitor() {
    built_.fleet = spawn_keeper(system_, node_, "fleet",
                                starter_of(spawn_fleet, std::make_shared<machine_eyes>(), gate(), leases()));
    built_.actors.emplace_back("fleet", built_.fleet);
  }

  result<void> open_port(const std::string& name, const endpoint& at, bool guarded, const application& routes) {
    std::vector<worker_actor> workers;
    for (size_t i = 0; i < limits::workers; ++i) {
      workers.push_back(remember<worker_actor>(
          name + " worker", spawn_keeper(system_, node_, name + " worker", [routes](caf::actor_system& system) {
            return caf::actor_cast<caf::actor>(spawn_worker(system, routes));
          })));
    }
    auto port = listen(system_, at, std::move(workers), {.report = node_.counts.port(name)});
    if (!port) return tl::unexpected{port.error()};
    built_.listeners.push_back(port->actor);
    log::info(name, "listens", {{"host", at.host.empty() ? "every address" : at.host}, {"port", port->port}});
    if (!guarded && !is_loopback(at))
      log::warn(name, "is open to everybody who reaches this machine; set a token, or listen on 127.0.0.1");
    return {};
  }

  caf::actor_system& system_;
  node_context& node_;
  broadcaster_actor broadcaster_;
  gate_actor gate_;
  leases_actor leases_;
  pipeline& built_;
};

} // namespace

result<void> start_pipeline(caf::actor_system& system, node_context& node, pipeline& built) {
  return builder{system, node, built}.build();
}

} // namespace agentmon
