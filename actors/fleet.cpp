#include "actors/fleet.hpp"

#include "actors/keeper.hpp"
#include "http/counted_actor.hpp"
#include "journal/file.hpp"
#include "monitor/registry.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "services/files.hpp"

#include <caf/all.hpp>

#include <set>

namespace agentmon {
namespace {

using self_actor = fleet_actor::extend<caf::reacts_to<caf::tick_atom>, caf::reacts_to<flush_atom>>;

struct fleet_state {
  explicit fleet_state(self_actor::pointer actor) : self{actor} {}
  fleet_state(const fleet_state&) = delete;
  fleet_state& operator=(const fleet_state&) = delete;
  ~fleet_state() {
    for (const auto& one : machines) caf::anon_send_exit(one.second.keeper, caf::exit_reason::user_shutdown);
  }

  struct watched {
    monitor::instance about;
    caf::actor keeper; ///< of its poller
  };

  // -- the registry -----------------------------------------------------------------------

  void look() {
    auto text = monitor::read_registry(node->config.registry);
    if (!text) return broken(text.error().message);
    if (*text != last_text || !looked) {
      looked = true;
      last_text = std::move(*text);
      if (!last_text)
        missing();
      else if (auto read = monitor::parse_registry(*last_text, process_environment()); read)
        take(std::move(*read));
      else
        return broken(read.error().message);
    }
    renew();
    follow();
  }

  void broken(const std::string& why) {
    const auto message = node->config.registry.string() + " is not right, so the " + std::to_string(machines.size())
                         + " machines known before are watched: " + why;
    if (complaint == message) return;
    if (!complaint.empty()) log::warn("registry", "is still away", {{"reason", message}});
    complaint = message;
    node->status.set("registry", condition::away, message);
  }

  void missing() {
    wanted.clear();
    complaint.clear();
    const auto hint = "there is no " + node->config.registry.string()
                      + ", so no machine is watched; \"agentmon vms discover\" proposes one";
    log::info("fleet", hint);
    node->status.set("registry", condition::up, hint);
  }

  void take(monitor::registry read) {
    wanted = std::move(read.instances);
    complaint.clear();
    for (const auto& remark : read.remarks)
      log::warn("fleet", "the registry says more than is known", {{"at", remark}});
    log::info("fleet", "has read the registry", {{"machines", wanted.size()}});
    node->status.set("registry", condition::up);
  }

  // -- who looks at what ------------------------------------------------------------------

  /// A node on loopback that joins nobody is a cluster of this machine alone, and sees every other monitor there.
  bool is_shared() const {
    const auto& config = node->config;
    return !config.join.empty() || (config.control && !is_loopback(*config.control))
           || node->members.knew_role(role::monitor);
  }

  bool may_watch(const std::string& vm) const {
    const auto found = rights.find(vm);
    return !shared || (found != rights.end() && found->second->holds());
  }

  void renew() {
    const auto at = right_to_look::clock::now();
    if (!shared && is_shared()) {
      shared = true;
      node->status.expect("leases");
      // A monitor that joins waits for longer before it asks, so what is looked at now is nobody else's yet.
      for (const auto& [vm, one] : machines) rights[vm]->until(at + limits::lease_timeout);
      if (!node->config.join.empty()) next_renewal = at + limits::member_silence;
    }
    if (!shared || asking || at < next_renewal) return;
    if (wanted.empty()) return node->status.set("leases", condition::up);
    next_renewal = at + limits::lease_renewal;
    asking = true;
    std::vector<std::string> vms;
    for (const auto& about : wanted) vms.push_back(about.name);
    self->request(leases, limits::lease_timeout, lease_atom_v, node->config.node, std::move(vms))
        .then([this, at](const std::vector<std::string>& granted) { got(granted, at); },
              [this](caf::error& e) {
                asking = false;
                node->status.set("leases", condition::away,
                                 "machines are looked at only until their lease ends: " + to_failure(e).message);
              });
  }

  void got(const std::vector<std::string>& granted, right_to_look::clock::time_point asked) {
    asking = false;
    node->status.set("leases", condition::up);
    const std::set<std::string_view> mine{granted.begin(), granted.end()};
    std::vector<std::string> others;
    for (const auto& about : wanted) {
      auto& right = rights[about.name];
      if (!right) right = std::make_shared<right_to_look>();
      if (mine.contains(about.name)) {
        right->until(asked + limits::lease_life - limits::lease_margin);
      } else {
        if (right->holds()) others.push_back(about.name);
        right->until({});
      }
    }
    follow();
    if (!others.empty()) caf::anon_send(leases, release_atom_v, node->config.node, std::move(others));
  }

  void release() {
    std::vector<std::string> held;
    for (const auto& [vm, right] : rights) {
      if (!right->holds()) continue;
      right->until({});
      held.push_back(vm);
    }
    if (shared && !held.empty()) caf::anon_send(leases, release_atom_v, node->config.node, std::move(held));
  }

  /// Makes the pollers what the registry wants and the leases allow.
  void follow() {
    std::set<std::string_view> names;
    for (const auto& about : wanted) {
      if (!may_watch(about.name)) continue;
      names.insert(about.name);
      const auto known = machines.find(about.name);
      if (known != machines.end() && known->second.about == about) continue;
      if (known != machines.end()) stop(known->second, about.ssh);
      machines.insert_or_assign(about.name, watched{about, start(about)});
    }
    for (auto it = machines.begin(); it != machines.end();) {
      if (names.contains(it->first)) {
        ++it;
        continue;
      }
      stop(it->second, std::nullopt);
      log::info("fleet", "no longer looks after a machine", {{"name", it->first}});
      node->counts.machines.forget(it->first);
      it = machines.erase(it);
    }
  }

  caf::actor start(const monitor::instance& about) {
    const auto past = judged.find(about.name);
    auto& right = rights[about.name];
    if (!right) right = std::make_shared<right_to_look>();
    if (!shared) right->until(right_to_look::clock::time_point::max());
    poller_task task{about, eyes, past == judged.end() ? monitor::judged{} : past->second, self, gate, right};
    auto keeper = spawn_keeper(
        self->system(), *node,
        {.name = "poller-" + about.name, .above = "fleet", .start = [task = std::move(task), n = node](auto& system) {
           return caf::actor_cast<caf::actor>(spawn_poller(system, *n, task));
         }});
    self->monitor(keeper);
    return keeper;
  }

  bool poll(const std::string& vm) {
    const auto known = machines.find(vm);
    if (known == machines.end()) return false;
    self->send(as<poller_actor>(known->second.keeper), poll_atom_v);
    return true;
  }

  void stop(const watched& one, const std::optional<monitor::ssh_place>& stays) {
    self->demonitor(one.keeper);
    self->send_exit(one.keeper, caf::exit_reason::user_shutdown);
    if (one.about.ssh && one.about.ssh != stays) eyes->visits.forget(*one.about.ssh);
  }

  /// A poller crashed too often: the next look starts it anew.
  void lost(const caf::down_msg& down) {
    for (auto it = machines.begin(); it != machines.end(); ++it) {
      if (it->second.keeper.address() != down.source) continue;
      log::error("fleet", "a poller crashed too often; it is started anew", {{"name", it->first}});
      machines.erase(it);
      return;
    }
  }

  // -- what is remembered --------------------------------------------------------------------

  std::filesystem::path memory_file() const { return node->config.data_dir / "verdicts.json"; }

  void recall() {
    if (const auto text = service::read_file(memory_file())) judged = monitor::judged_from(*text);
  }

  void remember(const std::string& vm, monitor::judged& what) {
    judged.insert_or_assign(vm, std::move(what));
    // What changes at the same time is written at once.
    if (!std::exchange(writing, true)) self->delayed_send(self, limits::verdicts_flush, flush_atom_v);
  }

  void write() {
    writing = false;
    if (const auto written = journal_files::replace_file(memory_file(), monitor::to_json(judged)); !written)
      log::warn("fleet", "cannot remember the machines' verdicts; a restart may tell changes that are none",
                {{"reason", written.error().message}});
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  std::shared_ptr<machine_eyes> eyes;
  gate_actor gate;
  leases_actor leases;
  bool shared = false; ///< another monitor may look at the same machines
  bool asking = false; ///< for leases
  right_to_look::clock::time_point next_renewal{};
  std::map<std::string, std::shared_ptr<right_to_look>> rights; ///< one for each machine that was ever watched
  bool looked = false;
  std::optional<std::string> last_text; ///< of the registry
  std::string complaint;                ///< that was told last; empty when all is well
  std::vector<monitor::instance> wanted;
  std::map<std::string, watched, std::less<>> machines;
  std::map<std::string, monitor::judged> judged;
  bool writing = false; ///< it is due
  static inline const char* name = "fleet";
};

self_actor::behavior_type watch_fleet(counted_pointer<self_actor, fleet_state> self, node_context* node,
                                      std::shared_ptr<machine_eyes> eyes, gate_actor gate, leases_actor leases) {
  auto& state = self->state;
  state.node = node;
  state.eyes = std::move(eyes);
  state.gate = std::move(gate);
  state.leases = std::move(leases);
  node->status.expect("registry");
  state.recall();
  self->set_down_handler([&state](caf::down_msg& down) { state.lost(down); });
  self->set_exit_handler([self, &state](caf::exit_msg& exit) {
    if (state.writing) state.write();
    state.release();
    self->quit(exit.reason);
  });
  self->send(self, caf::tick_atom_v);
  return {
      [&state](judged_atom, const std::string& vm, monitor::judged& what) { state.remember(vm, what); },
      [&state](poll_atom, const std::string& vm) { return state.poll(vm); },
      [&state](caf::get_atom) { return static_cast<uint64_t>(state.machines.size()); },
      [self, &state](caf::tick_atom) {
        state.look();
        self->delayed_send(self, limits::registry_look, caf::tick_atom_v);
      },
      [&state](flush_atom) { state.write(); },
  };
}

} // namespace

fleet_actor spawn_fleet(caf::actor_system& system, node_context& node, std::shared_ptr<machine_eyes> eyes,
                        gate_actor gate, leases_actor leases) {
  return system.spawn<caf::detached>(watch_fleet, &node, std::move(eyes), std::move(gate), std::move(leases));
}

} // namespace agentmon
