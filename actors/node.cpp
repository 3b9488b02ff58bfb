#include "actors/node.hpp"

#include "actors/pipeline.hpp"
#include "actors/system_config.hpp"
#include "http/listener.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "services/descriptor.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <malloc.h>
#include <sys/file.h>
#include <thread>
#include <utility>

namespace agentmon {
namespace {

/// Of this process, since it began.
std::chrono::nanoseconds processor_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// Tells the main thread that the node cannot go on.
void give_up(const std::string& reason) {
  log::error("node", "gives up; whoever started it may start it again", {{"reason", reason}});
  ::kill(::getpid(), SIGUSR1);
}

/// The end for a node whose threads cannot be joined. All that was accepted is in the journal.
[[noreturn]] void leave_at_once(int status) {
  log::error("node", "ends without waiting for actors that hang");
  std::_Exit(status);
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

  /// SIGUSR1 is this process's own word for "an actor gave up". Meanwhile this thread, which is no actor's, looks after
  /// all of them, and a node at rest gives memory back.
  int wait(supervision& actors) const {
    constexpr timespec look{std::chrono::seconds{limits::supervision_look}.count(), 0};
    auto used = processor_time();
    for (auto looks = 1;; ++looks) {
      if (const int signal = sigtimedwait(&signals_, nullptr, &look); signal > 0) return signal;
      if (const auto helpless = actors.look(); !helpless.empty()) {
        log::error("node", "an actor is stuck, and its keeper with it", {{"actor", helpless.front()}});
        leave_at_once(1);
      }
      if (looks * limits::supervision_look < limits::memory_look) continue;
      looks = 0;
      const auto before = std::exchange(used, processor_time());
      if (20 * (used - before) < limits::memory_look) malloc_trim(0);
    }
  }

private:
  sigset_t signals_{};
};

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
  self->send_exit(parts.supervisor, caf::exit_reason::user_shutdown);
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

int run_node(const configuration& given) {
  const auto& config = given.values;
  set_up_memory();
  const ending until;
  log::set_level(config.log_level);
  raise_descriptor_limit();
  const auto folder = claim(config.data_dir);
  if (!folder) {
    log::error("node", "cannot start", {{"reason", folder.error().message}});
    return 1;
  }
  node_context node{
      .config = config, .status = {}, .counts = {}, .servers = {}, .members = {}, .actors = {}, .lines = given.lines};
  node.members.enter(config);
  system_config system_settings;
  caf::actor_system system{system_settings};
  pipeline parts;
  parts.supervisor = spawn_supervisor(system, node, give_up);
  if (auto started = start_pipeline(system, node, parts); !started) {
    log::error("node", "cannot start", {{"reason", started.error().message}});
    stop(system, parts);
    return 1;
  }
  log::info("node", "has started", {{"name", config.node}, {"data", config.data_dir.string()}});
  const auto signal = until.wait(node.actors);
  log::info("node", "stops", {{"signal", signal}});
  stop(system, parts);
  log::info("node", "has stopped");
  const int status = signal == SIGUSR1 ? 1 : 0;
  if (node.actors.abandoned() > 0) leave_at_once(status);
  return status;
}

} // namespace agentmon
