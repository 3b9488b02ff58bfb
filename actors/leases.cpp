#include "actors/leases.hpp"

#include "actors/database_link.hpp"
#include "http/counted_actor.hpp"
#include "store/leases.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace agentmon {
namespace {

struct leases_state {
  /// Runs `ask` on a connection; one that failed is made anew the next time.
  template <class Answer, class Ask>
  caf::result<Answer> with_database(Ask ask) {
    if (!connect_behind_writer(*node, link)) return to_error({fault::unavailable, "PostgreSQL is away"});
    auto answer = ask(*link);
    if (answer) return std::move(*answer);
    link.reset();
    return to_error({fault::unavailable, answer.error().message});
  }

  node_context* node = nullptr;
  std::optional<store::connection> link;
  static inline const char* name = "leases";
};

leases_actor::behavior_type keep_leases(counted_pointer<leases_actor, leases_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  return {
      [&state](lease_atom, const std::string& monitor, const std::vector<std::string>& vms) {
        return state.with_database<std::vector<std::string>>(
            [&](store::connection& db) { return store::ask_for_machines(db, monitor, vms, limits::lease_life); });
      },
      [&state](release_atom, const std::string& monitor, const std::vector<std::string>& vms) {
        return state.with_database<bool>([&](store::connection& db) -> result<bool> {
          if (auto done = store::release_machines(db, monitor, vms); !done) return tl::unexpected{done.error()};
          return true;
        });
      },
  };
}

struct uplink_state {
  explicit uplink_state(leases_actor::pointer actor) : self{actor} {}

  std::optional<node_actor> processor() const {
    auto others = node->members.others();
    std::erase_if(others, [](const roster::reached& each) {
      return std::find(each.who.roles.begin(), each.who.roles.end(), to_string(role::processor))
             == each.who.roles.end();
    });
    if (others.empty()) return std::nullopt;
    return others[turn % others.size()].handle;
  }

  template <class Answer, class Word>
  caf::result<Answer> ask(Word word, const std::string& monitor, const std::vector<std::string>& vms) {
    const auto to = processor();
    if (!to) return to_error({fault::unavailable, "no processor is reached"});
    auto promise = self->make_response_promise<Answer>();
    self->request(*to, limits::lease_timeout, word, monitor, vms)
        .then([promise](Answer& answer) mutable { promise.deliver(std::move(answer)); },
              [this, promise](caf::error& e) mutable {
                ++turn;
                promise.deliver(std::move(e));
              });
    return promise;
  }

  leases_actor::pointer self;
  node_context* node = nullptr;
  size_t turn = 0; ///< which of the processors
  static inline const char* name = "lease uplink";
};

leases_actor::behavior_type ask_elsewhere(counted_pointer<leases_actor, uplink_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  return {
      [&state](lease_atom word, const std::string& monitor, const std::vector<std::string>& vms) {
        return state.ask<std::vector<std::string>>(word, monitor, vms);
      },
      [&state](release_atom word, const std::string& monitor, const std::vector<std::string>& vms) {
        return state.ask<bool>(word, monitor, vms);
      },
  };
}

} // namespace

leases_actor spawn_leases(caf::actor_system& system, node_context& node) {
  return system.spawn<caf::detached>(keep_leases, &node);
}

leases_actor spawn_lease_uplink(caf::actor_system& system, node_context& node) {
  return system.spawn(ask_elsewhere, &node);
}

} // namespace agentmon
