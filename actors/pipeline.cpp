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
#include "actors/key_reader.hpp"
#include "actors/leases.hpp"
#include "actors/membership.hpp"
#include "actors/node_actor.hpp"
#include "actors/operations.hpp"
#include "actors/proxy.hpp"
#include "actors/publisher.hpp"
#include "actors/puller.hpp"
#include "actors/reader.hpp"
#include "actors/relay.hpp"
#include "actors/retainer.hpp"
#include "actors/routes.hpp"
#include "actors/services.hpp"
#include "actors/thinner.hpp"
#include "actors/writer.hpp"
#include "http/counted_actor.hpp"
#include "http/listener.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>

#include <filesystem>
#include <optional>

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
    load_keys(node_);
    if (!config.join.empty() && config.needs_database() && (!config.database_url || !config.nats_url))
      return fail(fault::invalid, "a node that joins others and has role processor or query shares their PostgreSQL "
                                  "and NATS; set DATABASE_URL and NATS_URL");
    start_services();
    if (config.has(role::query)) start_query();
    if (config.has(role::processor)) start_processor();
    if (config.has(role::monitor)) start_monitor();
    above_ = "node";
    operations_ = keep<operations_actor>("operations", spawn_operations, readers_, broadcaster_,
                                         caf::actor_cast<fleet_actor>(built_.fleet));
    result<void> started;
    if (config.has(role::query)) started = open_query_port();
    if (started && config.has(role::ui)) started = start_ui();
    if (started && config.has(role::ingest)) started = start_ingest();
    if (started && !config.has_port()) started = start_health();
    // Behind the ports, because it tells which of them are open to everybody.
    if (started) start_keys();
    if (started) started = start_control();
    // Built from the end of the path to its beginning, so that no message finds nobody; stopped the other way round.
    std::reverse(built_.actors.begin(), built_.actors.end());
    return started;
  }

private:
  template <class Handle, class Spawn, class... Neighbours>
  Handle keep(child_spec spec, Spawn spawn, Neighbours... neighbours) {
    return remember<Handle>(spec.name, spawn_keeper(system_, node_, complete(spec, starter_of(spawn, neighbours...))));
  }

  template <class Handle, class Spawn, class... Neighbours>
  Handle keep(const char* name, Spawn spawn, Neighbours... neighbours) {
    return keep<Handle>(child_spec{.name = name}, spawn, neighbours...);
  }

  template <class Handle, class Spawn, class... Neighbours>
  Handle share(child_spec spec, size_t count, size_t waiting, Spawn spawn, Neighbours... neighbours) {
    return remember<Handle>(
        spec.name, spawn_pool(system_, node_, complete(spec, starter_of(spawn, neighbours...)), count, waiting));
  }

  child_spec complete(child_spec spec, starter start) const {
    spec.above = above_;
    spec.start = std::move(start);
    spec.parent = built_.supervisor;
    return spec;
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
    node_neighbours neighbours{
        .intake = {}, .viewers = broadcaster_, .leases = {}, .operations = operations_, .keys = keys_};
    if (config.has(role::processor)) neighbours.leases = leases();
    const bool takes_in = config.needs_bus() && (config.has(role::ingest) || config.has(role::processor));
    const auto way_in = takes_in ? gate() : gate_actor{};
    above_ = "node";
    if (takes_in) neighbours.intake = keep<intake_actor>("intake", spawn_intake, way_in);
    const auto face = keep<node_actor>("control", spawn_node_actor, neighbours);
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
    if ((config.needs_database() && !config.database_url) || (config.needs_bus() && !config.nats_url)) {
      built_.services = spawn_services(system_, node_);
      node_.actors.enter("services", above_, limits::stuck_starting)->started(counts_of(built_.services));
    }
  }

  void start_processor() {
    above_ = to_string(role::processor);
    const auto aggregator =
        keep<aggregator_actor>("aggregator", spawn_aggregator, keep<viewers_actor>("relay", spawn_relay, broadcaster_));
    const auto indexer = keep<indexer_actor>({.name = "indexer", .patience = limits::stuck_storing}, spawn_indexer);
    keep<thinner_actor>({.name = "thinner", .patience = limits::stuck_storing}, spawn_thinner);
    if (node_.config.retention_days || node_.config.retention_bytes)
      keep<retainer_actor>({.name = "retainer", .patience = limits::stuck_storing}, spawn_retainer);
    const auto writers = share<writer_actor>({.name = "writer", .patience = limits::stuck_storing}, limits::writers,
                                             limits::writers, spawn_writer, aggregator, indexer);
    keep<puller_actor>("puller", spawn_puller, writers);
  }

  void start_query() {
    above_ = to_string(role::query);
    broadcaster_ = keep<broadcaster_actor>("broadcaster", spawn_broadcaster);
    readers_ = share<reader_actor>({.name = "reader"}, limits::readers, limits::queries_waiting, spawn_reader);
    keep<feed_actor>("feed", spawn_feed, broadcaster_);
  }

  result<void> open_query_port() {
    above_ = to_string(role::query);
    return open_port("query", node_.config.query_addr, query_door(node_),
                     query_routes(node_, readers_, broadcaster_, operations_));
  }

  result<void> start_ui() {
    const auto folder = node_.config.web_dir.value_or(web_of_program());
    auto files = static_files::load(folder);
    if (!files) return tl::unexpected{files.error()};
    above_ = to_string(role::ui);
    const auto proxies = share<proxy_actor>({.name = "proxy"}, limits::proxies, limits::proxied_waiting, spawn_proxy);
    return open_port("ui", node_.config.ui_addr, ui_door(node_),
                     ui_routes(node_, proxies, std::make_shared<const static_files>(std::move(*files))));
  }

  /// The way in for events, which all that makes events in this process shares.
  const gate_actor& gate() {
    if (gate_) return gate_;
    const auto& config = node_.config;
    above_ = config.has(role::ingest)    ? to_string(role::ingest)
             : config.has(role::monitor) ? to_string(role::monitor)
                                         : "node";
    // A second one on the same folder would be worse than a hanging disk, and hang, too.
    built_.journal = keep<journal_actor>({.name = "journal", .replaceable = false}, spawn_journal);
    if (config.forwards())
      keep<forwarder_actor>("forwarder", spawn_forwarder, built_.journal);
    else
      keep<publisher_actor>("publisher", spawn_publisher, built_.journal);
    return gate_ = keep<gate_actor>("gate", spawn_gate, built_.journal);
  }

  const leases_actor& leases() {
    if (leases_) return leases_;
    const bool has_database = node_.config.has(role::processor);
    above_ = to_string(has_database ? role::processor : role::monitor);
    return leases_ = has_database
                         ? keep<leases_actor>({.name = "leases", .patience = limits::stuck_storing}, spawn_leases)
                         : keep<leases_actor>("lease-uplink", spawn_lease_uplink);
  }

  result<void> start_ingest() {
    const auto way_in = gate();
    above_ = to_string(role::ingest);
    return open_port("gateway", node_.config.addr, ingest_door(node_), gateway_routes(node_, way_in));
  }

  void start_keys() {
    above_ = "node";
    keys_ = keep<key_reader_actor>("key-reader", spawn_key_reader);
  }

  /// A node that only works behind the others is looked after, too.
  result<void> start_health() {
    above_ = "node";
    const auto* const vital = node_.config.has(role::processor) ? "postgresql" : "journal";
    return open_port("health", node_.config.metrics_addr, std::nullopt, health_routes(node_, vital));
  }

  void start_monitor() {
    const auto way_in = gate();
    const auto& lender = leases();
    above_ = to_string(role::monitor);
    // While a first one lives, its pollers do: a second one would have each machine watched twice.
    built_.fleet = caf::actor_cast<caf::actor>(keep<fleet_actor>({.name = "fleet", .replaceable = false}, spawn_fleet,
                                                                 std::make_shared<machine_eyes>(), way_in, lender));
  }

  result<void> open_port(const std::string& name, const endpoint& at, const std::optional<door>& guarded,
                         const application& routes) {
    std::vector<worker_actor> workers;
    for (size_t i = 0; i < limits::workers; ++i) {
      const auto worker = name + "-worker-" + std::to_string(i + 1);
      const auto start = [routes](caf::actor_system& system) {
        return caf::actor_cast<caf::actor>(spawn_worker(system, routes));
      };
      workers.push_back(
          remember<worker_actor>(worker, spawn_keeper(system_, node_, complete({.name = worker}, start))));
    }
    auto port = listen(system_, at, std::move(workers), {.report = node_.counts.port(name)});
    if (!port) return tl::unexpected{port.error()};
    built_.listeners.push_back(port->actor);
    node_.actors.enter(name + "-port", above_, limits::stuck_after)->started(counts_of(port->actor));
    log::info(name, "listens", {{"host", at.host.empty() ? "every address" : at.host}, {"port", port->port}});
    if (guarded && !is_loopback(at)) node_.open_ports.push_back({name, *guarded});
    return {};
  }

  caf::actor_system& system_;
  node_context& node_;
  broadcaster_actor broadcaster_;
  reader_actor readers_;
  operations_actor operations_;
  gate_actor gate_;
  leases_actor leases_;
  key_reader_actor keys_;
  std::string above_{"node"}; ///< whose actors are being started: a role's, or the node's own
  pipeline& built_;
};

} // namespace

result<void> start_pipeline(caf::actor_system& system, node_context& node, pipeline& built) {
  auto started = builder{system, node, built}.build();
  auto vital = built.actors;
  for (const auto& port : built.listeners) vital.emplace_back("port", caf::actor_cast<caf::actor>(port));
  if (built.services) vital.emplace_back("services", caf::actor_cast<caf::actor>(built.services));
  watch(built.supervisor, std::move(vital));
  return started;
}

} // namespace agentmon
