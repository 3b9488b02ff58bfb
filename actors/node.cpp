#include "actors/node.hpp"

#include "actors/pipeline.hpp"
#include "http/listener.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "services/descriptor.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <chrono>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <malloc.h>
#include <sys/file.h>
#include <thread>
#include <utility>

namespace agentmon {
namespace {

struct system_config : caf::actor_system_config {
  system_config() {
    add_message_types<caf::id_block::agentmon_http>();
    add_message_types<caf::id_block::agentmon_actors>();
    add_error_category(caf::atom("agentmon"), [](uint8_t code, caf::atom_value, const caf::message& context) {
      return fault_text(code, context);
    });
    load<caf::io::middleman>();
    // Measured: a round trip takes 7 us with sharing and 93 us with stealing, and idle CPU is a tenth.
    set("scheduler.policy", caf::atom("sharing"));
    // What runs on them never waits: with 4 there were a third more context switches and 6 % less accepted on 2 cores.
    set("scheduler.max-threads", 2u);
    set("scheduler.max-throughput", 500u);
    configure_multiplexer(*this);
    // Both on all nodes: without them a frozen node is never noticed, with only one of them idle links are cut.
    set("middleman.heartbeat-interval", caf::timespan{limits::heartbeat_interval});
    set("middleman.connection-timeout", caf::timespan{limits::heartbeat_timeout});
    set("middleman.app-identifiers", std::vector<std::string>{"agentmon/1"});
  }
};

/// Of this process, since it began.
std::chrono::nanoseconds processor_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// Waits for a signal that ends the node, or for an actor's end that the node cannot survive.
class ending {
public:
  /// Must be made before any thread, so that all threads leave the signals to wait().
  ending() {
    sigemptyset(&signals_);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a file at its size limit is an error like a full disk
  }

  /// SIGUSR1 is this process's own word for "an actor gave up". Meanwhile, a node at rest gives memory back.
  int wait() const {
    constexpr timespec look{limits::memory_look.count(), 0};
    for (auto used = processor_time();;) {
      if (const int signal = sigtimedwait(&signals_, nullptr, &look); signal > 0) return signal;
      const auto before = std::exchange(used, processor_time());
      if (20 * (used - before) < limits::memory_look) malloc_trim(0);
    }
  }

private:
  sigset_t signals_{};
};

/// Tells the main thread when a keeper gives up.
caf::behavior watch(caf::event_based_actor* self, const std::vector<std::pair<std::string, caf::actor>>& actors) {
  for (const auto& [name, actor] : actors) self->monitor(actor);
  self->set_down_handler([self](caf::down_msg& down) {
    if (down.reason == caf::exit_reason::user_shutdown) return;
    log::error("node", "an actor crashed too often; the node stops", {{"reason", self->system().render(down.reason)}});
    ::kill(::getpid(), SIGUSR1);
  });
  return {[](caf::tick_atom) {}};
}

/// By default glibc keeps an arena for each thread, and maps or trims blocks of a message's size anew for each message:
/// their page faults were a third of agentmon's processor time. What is kept instead goes back at rest (ending::wait).
void set_up_memory() {
  // NOLINTBEGIN(concurrency-mt-unsafe): there are no other threads yet
  mallopt(M_ARENA_MAX, limits::memory_arenas);
  mallopt(M_MMAP_THRESHOLD, static_cast<int>(limits::memory_block_bytes));
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(limits::memory_kept_bytes));
  // NOLINTEND(concurrency-mt-unsafe)
}

/// One agentmon to a data folder. The lock goes with the process, however it ends.
result<service::descriptor> claim(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const auto path = folder / "agentmon.lock";
  service::descriptor lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock)
    return fail(fault::unavailable, "cannot write to the data folder " + folder.string() + "; see AGENTMON_DATA_DIR");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(fault::unavailable, "another agentmon runs on the data folder " + folder.string()
                                        + "; stop it, or set AGENTMON_DATA_DIR to another folder");
  return lock;
}

void drain_listeners(caf::scoped_actor& self, const pipeline& parts) {
  // All at once: each gives its clients a moment to say goodbye.
  std::vector<decltype(self->request(parts.listeners.front(), limits::stop_grace, drain_atom_v))> draining;
  for (const auto& listener : parts.listeners)
    draining.push_back(self->request(listener, limits::stop_grace, drain_atom_v));
  for (auto& port : draining)
    port.receive([](uint64_t) {},
                 [](const caf::error&) {
                   log::warn("node", "a port still had connections when its time was up; they are cut");
                 });
}

/// Gives what is in the journal the chance to be committed now, so that the next start has nothing to send again.
/// Nothing is lost when it is not.
void wait_for_journal(caf::scoped_actor& self, const pipeline& parts) {
  if (!parts.journal) return;
  const auto deadline = std::chrono::steady_clock::now() + limits::settle_time;
  for (bool settled = false; !settled && std::chrono::steady_clock::now() < deadline;) {
    self->request(parts.journal, limits::settle_time, position_atom_v)
        .receive([&](const journal_position& at) { settled = at.first_uncommitted > at.last; },
                 [&](const caf::error&) { settled = true; });
    if (!settled) std::this_thread::sleep_for(limits::settle_look);
  }
}

void stop_actor(caf::scoped_actor& self, const std::string& name, const caf::actor& actor) {
  self->monitor(actor);
  self->send_exit(actor, caf::exit_reason::user_shutdown);
  bool ended = false;
  self->receive([&](const caf::down_msg&) { ended = true; }, caf::after(limits::stop_grace) >> [] {});
  if (ended) return;
  log::warn("node", "an actor did not stop in time and is killed", {{"actor", name}});
  self->send_exit(actor, caf::exit_reason::kill);
}

void stop(caf::actor_system& system, const pipeline& parts) {
  caf::scoped_actor self{system};
  drain_listeners(self, parts);
  if (parts.fleet) stop_actor(self, "fleet", parts.fleet);
  wait_for_journal(self, parts);
  for (const auto& [name, actor] : parts.actors) stop_actor(self, name, actor);
  if (!parts.services) return;
  self->request(parts.services, 2 * limits::service_stop_timeout + limits::stop_grace, drain_atom_v)
      .receive([](bool) {},
               [](const caf::error&) {
                 log::error("node", "the private servers did not stop in time; the next start ends them");
               });
  self->send_exit(parts.services, caf::exit_reason::user_shutdown);
}

} // namespace

int run_node(const settings& config) {
  set_up_memory();
  const ending until;
  log::set_level(config.log_level);
  raise_descriptor_limit();
  const auto folder = claim(config.data_dir);
  if (!folder) {
    log::error("node", "cannot start", {{"reason", folder.error().message}});
    return 1;
  }
  node_context node{.config = config, .status = {}, .counts = {}, .servers = {}, .members = {}};
  node.members.enter(config);
  system_config system_settings;
  caf::actor_system system{system_settings};
  pipeline parts;
  if (auto started = start_pipeline(system, node, parts); !started) {
    log::error("node", "cannot start", {{"reason", started.error().message}});
    stop(system, parts);
    return 1;
  }
  const auto watcher = system.spawn(watch, parts.actors);
  log::info("node", "has started", {{"name", config.node}, {"data", config.data_dir.string()}});
  const auto signal = until.wait();
  log::info("node", "stops", {{"signal", signal}});
  caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
  stop(system, parts);
  log::info("node", "has stopped");
  return signal == SIGUSR1 ? 1 : 0;
}

} // namespace agentmon
