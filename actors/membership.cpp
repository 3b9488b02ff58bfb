#include "actors/membership.hpp"

#include "actors/backoff.hpp"
#include "actors/control_port.hpp"
#include "http/counted_actor.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <algorithm>
#include <ctime>
#include <map>
#include <set>

namespace agentmon {
namespace {

using self_actor = membership_actor::extend<caf::reacts_to<caf::tick_atom>>;

struct membership_state {
  explicit membership_state(self_actor::pointer actor) : self{actor} {}
  membership_state(const membership_state&) = delete;
  membership_state& operator=(const membership_state&) = delete;
  ~membership_state() {
    for (const auto& one : places) caf::anon_send_exit(one.second.dialer, caf::exit_reason::kill);
  }

  /// An address where a node may be found.
  struct place {
    caf::io::middleman_actor dialer; ///< its own, so that nobody waits for a host that does not answer
    backoff retry{limits::dial_retry_min, limits::dial_retry_max};
    caf::actor_clock::time_point next{};
    bool dialing = false;
    bool is_self = false;  ///< this node is listed among the ones to join
    std::string name;      ///< who was there last; empty: not known
    std::string complaint; ///< that was logged last
  };

  void look() {
    auto& members = node->members;
    members.set_load(load());
    members.look();
    for (const auto& each : members.others()) {
      watch(each.handle);
      greet(each.who.name, each.handle);
    }
    for (const auto& seed : node->config.join) dial(to_string(seed));
    for (const auto& address : members.missing()) dial(address);
    tell_health();
  }

  /// Of this process since the last look, in thousandths of a core.
  uint32_t load() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    const auto spent = std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
    const auto at = std::chrono::steady_clock::now();
    const auto wall = at - std::exchange(loaded_at, at);
    const auto worked = spent - std::exchange(processor_time, spent);
    return static_cast<uint32_t>(1000 * worked
                                 / std::max<std::chrono::nanoseconds>(wall, std::chrono::milliseconds{1}));
  }

  void tell_health() {
    if (node->config.join.empty()) return;
    if (!node->members.others().empty())
      node->status.set("cluster", condition::up);
    else
      node->status.set("cluster", condition::away, "no other node is reached; see AGENTMON_JOIN");
  }

  // -- finding ---------------------------------------------------------------------------

  void dial(const std::string& address) {
    auto& to = places[address];
    if (to.is_self || to.dialing || self->clock().now() < to.next) return;
    if (!to.name.empty() && node->members.find(to.name)) return;
    const auto where = parse_endpoint(address);
    if (!where) return;
    to.dialing = true;
    if (!to.dialer) to.dialer = control::spawn_middleman(self->system(), how);
    self->request(to.dialer, limits::control_request_timeout, caf::connect_atom_v, where->host, where->port)
        .then([this, address](const caf::node_id&, caf::strong_actor_ptr& found,
                              const std::set<std::string>& speaks) { reached(address, found, speaks); },
              [this, address](caf::error& e) { missed(address, control_reason(self->system(), e)); });
  }

  void reached(const std::string& address, const caf::strong_actor_ptr& found, const std::set<std::string>& speaks) {
    const auto& system = self->system();
    if (!found || !system.assignable(speaks, system.message_types(caf::detail::type_list<node_actor>{})))
      return missed(address, "what listens there is no node of this version");
    const auto handle = caf::actor_cast<node_actor>(found);
    self->request(handle, limits::member_timeout, hello_atom_v, node->members.self(), face_pointer())
        .then([this, address, handle](const member& who,
                                      const std::vector<member>& known) { greeted_at(address, handle, who, known); },
              [this, address](caf::error& e) { missed(address, to_failure(e).message); });
  }

  void greeted_at(const std::string& address, const node_actor& handle, const member& who,
                  const std::vector<member>& known) {
    auto& at = places[address];
    const auto self_now = node->members.self();
    at.is_self = who.name == self_now.name && who.incarnation == self_now.incarnation;
    at.name = who.name;
    if (auto heard = answered(handle, who, known); !heard) return missed(address, heard.error().message);
    at.dialing = false;
    at.complaint.clear();
    at.retry.reset();
    at.next = self->clock().now() + at.retry.next();
  }

  void missed(const std::string& address, const std::string& why) {
    auto& at = places[address];
    at.dialing = false;
    at.next = self->clock().now() + at.retry.next();
    if (std::exchange(at.complaint, why) != why)
      log::warn("cluster", "cannot join a node; it is tried again", {{"at", address}, {"reason", why}});
  }

  // -- greeting --------------------------------------------------------------------------

  void greet(const std::string& whom, const node_actor& handle) {
    if (!greeting.insert(whom).second) return;
    self->request(handle, limits::member_timeout, hello_atom_v, node->members.self(), face_pointer())
        .then(
            [this, whom, handle](const member& who, const std::vector<member>& known) {
              greeting.erase(whom);
              (void)answered(handle, who, known); // it is heard of at the next greeting, or away
            },
            [this, whom](caf::error&) { greeting.erase(whom); });
  }

  result<void> answered(const node_actor& handle, const member& who, const std::vector<member>& known) {
    auto heard = node->members.heard(who, handle);
    if (!heard) return heard;
    for (const auto& other : known) node->members.told(other);
    watch(handle);
    return {};
  }

  void watch(const node_actor& handle) {
    if (watched.insert(handle.address()).second) self->monitor(handle);
  }

  caf::strong_actor_ptr face_pointer() const { return caf::actor_cast<caf::strong_actor_ptr>(face); }

  // -- leaving ---------------------------------------------------------------------------

  void leave(const caf::error& reason) {
    const auto here = node->members.self();
    const auto others = node->members.others();
    farewells = others.size();
    if (others.empty()) return self->quit(reason);
    const auto done = [this, reason] {
      if (--farewells == 0) self->quit(reason);
    };
    for (const auto& each : others)
      self->request(each.handle, limits::goodbye_timeout, goodbye_atom_v, here.name, here.incarnation)
          .then([done] { done(); }, [done](caf::error&) { done(); });
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  node_actor face;
  control::link how;
  std::map<std::string, place> places; ///< by HOST:PORT
  std::set<std::string> greeting;      ///< members whose answer is waited for
  std::set<caf::actor_addr> watched;
  size_t farewells = 0;
  std::chrono::nanoseconds processor_time{};
  std::chrono::steady_clock::time_point loaded_at{};
  static inline const char* name = "membership";
};

self_actor::behavior_type keep_membership(counted_pointer<self_actor, membership_state> self, node_context* node,
                                          node_actor face, control::link how) {
  auto& state = self->state;
  state.node = node;
  state.face = std::move(face);
  state.how = std::move(how);
  if (!node->config.join.empty()) node->status.expect("cluster");
  self->set_down_handler([&state](caf::down_msg& down) {
    state.watched.erase(down.source);
    state.node->members.lost(down.source);
  });
  self->set_exit_handler([self, &state](caf::exit_msg& exit) {
    // When only this actor is started anew, the node stays.
    if (exit.reason == caf::exit_reason::user_shutdown) return state.leave(exit.reason);
    self->quit(exit.reason);
  });
  self->send(self, caf::tick_atom_v);
  return {
      [node](caf::get_atom) { return static_cast<uint64_t>(node->members.others().size()); },
      [self, &state](caf::tick_atom) {
        state.look();
        self->delayed_send(self, limits::member_look, caf::tick_atom_v);
      },
  };
}

} // namespace

membership_actor spawn_membership(caf::actor_system& system, node_context& node, node_actor face, control::link how) {
  return system.spawn(keep_membership, &node, std::move(face), std::move(how));
}

} // namespace agentmon
