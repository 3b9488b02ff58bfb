#include "actors/operations.hpp"

#include "actors/report.hpp"
#include "http/counted_actor.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"
#include "protocol/log_parts.hpp"
#include "store/connection.hpp"
#include "store/verify.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <map>
#include <memory>
#include <unistd.h>

namespace agentmon {
namespace {

using self_actor = operations_actor::extend<caf::reacts_to<caf::tick_atom>, caf::reacts_to<ended_atom, std::string>>;
using answer = caf::result<std::string>;

/// {"events",...,"differences":[{"table","count","examples"}]}
std::string to_json(const store::verify_report& report) {
  json_writer to;
  to.begin_object();
  for (const auto& [name, count] : {std::pair{"events", report.events},
                                    {"sessions", report.sessions},
                                    {"runs", report.runs},
                                    {"rollup_rows", report.rollup_rows},
                                    {"machines", report.machines}})
    to.member(name, static_cast<int64_t>(count));
  to.key("differences").begin_array();
  for (const auto& [table, difference] : report.differences) {
    to.begin_object().member("table", std::string_view{table}).member("count", static_cast<int64_t>(difference.count));
    to.key("examples").begin_array();
    for (const auto& each : difference.examples) to.value(std::string_view{each});
    to.end_array().end_object();
  }
  return to.end_array().end_object().text();
}

/// What a verification came to: {"state":"done","report":...} or {"state":"failed","message":...}.
std::string verify(const std::string& conninfo) {
  json_writer to;
  auto link = store::connect(conninfo, limits::doctor_verify_timeout);
  const auto report = link ? store::verify(*link) : tl::unexpected{link.error()};
  if (report)
    to.begin_object().member("state", "done").raw_member("report", to_json(*report)).end_object();
  else
    to.begin_object()
        .member("state", "failed")
        .member("message", std::string_view{report.error().message})
        .end_object();
  return to.text();
}

struct operations_state {
  explicit operations_state(self_actor::pointer actor) : self{actor} {}

  // -- asking --------------------------------------------------------------------------

  answer ask(query& q) {
    if (q.route == "system") return system();
    const bool is_of_a_node = q.route == "report" || q.route == "config" || q.route == "verify";
    if (!is_of_a_node) return ask_store(q);
    if (!is_here(q.id)) return pass_on(q.id, query_atom_v, q);
    if (q.route == "report") return report_of(*node, rates);
    if (q.route == "config") return settings_of(*node);
    return verification.empty() ? std::string{R"({"state":"idle"})"} : verification;
  }

  /// What lies in PostgreSQL, from a node with role query.
  answer ask_store(query& q) {
    if (readers) return self->delegate(readers, query_atom_v, std::move(q));
    const auto others = with(role::query);
    if (!others.empty()) return pass_on(others.front().handle, query_atom_v, q);
    return to_error({fault::unavailable, "no node with role query is reached from here"});
  }

  /// All nodes: what they tell of themselves, as far as they do.
  answer system() {
    struct gathering {
      std::vector<member> members;
      std::map<std::string, std::string> reports; ///< by node
      size_t missing = 0;
    };
    auto all = std::make_shared<gathering>();
    all->members = node->members.all();
    all->reports.emplace(node->config.node, report_of(*node, rates));
    const auto others = node->members.others();
    all->missing = others.size();
    auto promise = self->make_response_promise<std::string>();
    auto finish = [this, all, promise]() mutable {
      json_writer to;
      to.begin_object().member("time", now()).key("nodes").begin_array();
      for (const auto& who : all->members)
        to.raw(agentmon::to_json(who, all->reports[who.name],
                                 who.name == node->config.node ? rates.load() : std::nullopt));
      promise.deliver(to.end_array().end_object().text());
    };
    auto heard = [all, finish](const std::string& from, std::string report) mutable {
      all->reports[from] = std::move(report);
      if (--all->missing == 0) finish();
    };
    if (others.empty()) finish();
    for (const auto& [who, handle] : others)
      self->request(handle, limits::node_answer_timeout, query_atom_v, query{"report", who.name, {}})
          .then([heard, from = who.name](std::string& report) mutable { heard(from, std::move(report)); },
                [heard, from = who.name](caf::error&) mutable { heard(from, {}); });
    return promise;
  }

  answer tail(const live_filter& filter, uint64_t since) {
    if (broadcaster) return self->delegate(broadcaster, tail_atom_v, filter, since);
    const auto others = with(role::query);
    if (!others.empty()) return pass_on(others.front().handle, tail_atom_v, filter, since);
    return to_error({fault::unavailable, "no node with role query is reached from here"});
  }

  // -- doing ----------------------------------------------------------------------------

  answer instruct(const instruction& what) {
    if (!is_here(what.node)) return pass_on(what.node, instruct_atom_v, what);
    if (what.verb == "poll") return poll(what);
    log::info("operations", "is told what to do", {{"verb", what.verb}, {"what", what.object}, {"level", what.value}});
    if (what.verb == "restart") return restart(what.object);
    if (what.verb == "log") return set_level(what);
    if (what.verb == "drain") return drain(what.object);
    if (what.verb == "verify") return begin_verification();
    return to_error({fault::invalid, "this node does not know how to " + what.verb});
  }

  answer restart(const std::string& actor) {
    const auto record = node->actors.find(actor);
    if (!record) return to_error({fault::not_found, "there is no actor \"" + actor + "\" on " + node->config.node});
    if (!record->restart("an operator asked for it"))
      return to_error({fault::invalid, actor + " starts anew only with its whole node"});
    return actor + " on " + node->config.node + " is started anew";
  }

  answer set_level(const instruction& what) {
    constexpr std::array<std::pair<std::string_view, log::level>, 4> levels{{{"debug", log::level::debug},
                                                                             {"info", log::level::info},
                                                                             {"warn", log::level::warn},
                                                                             {"error", log::level::error}}};
    const auto* const found =
        std::find_if(levels.begin(), levels.end(), [&](const auto& each) { return each.first == what.value; });
    if (found == levels.end()) return to_error({fault::invalid, "the levels are debug, info, warn and error"});
    if (what.object.empty()) {
      log::set_level(found->second);
      return node->config.node + " logs at level " + what.value;
    }
    if (!node->actors.find(what.object))
      return to_error({fault::not_found, "there is no actor \"" + what.object + "\" on " + node->config.node});
    log::set_level(found->second, log_part(what.object));
    return "on " + node->config.node + ", " + std::string{log_part(what.object)} + " logs at level " + what.value;
  }

  /// A role stops with its node: so only one that stands alone on it can be named.
  answer drain(const std::string& asked) const {
    const auto& roles = node->config.roles;
    const bool has_others = roles.size() > 1 || to_string(*roles.begin()) != asked;
    if (!asked.empty() && has_others)
      return to_error({fault::invalid, node->config.node + " has other roles than " + asked
                                           + ", and stops as a whole: drain " + node->config.node});
    ::kill(::getpid(), SIGTERM); // the orderly stop
    return node->config.node + " finishes what it has in hand, and stops";
  }

  /// Whoever watches it: this node, or one of the others when none was named.
  answer poll(const instruction& what) {
    auto promise = self->make_response_promise<std::string>();
    std::vector<roster::reached> others;
    if (what.node.empty()) others = with(role::monitor);
    if (!fleet) {
      poll_elsewhere(what.object, std::move(others), promise);
      return promise;
    }
    self->request(fleet, limits::node_answer_timeout, poll_atom_v, what.object)
        .then(
            [this, promise, vm = what.object, others](bool is_here) mutable {
              if (is_here)
                promise.deliver(node->config.node + " looks at " + vm + " now");
              else
                poll_elsewhere(vm, std::move(others), promise);
            },
            [this, promise, vm = what.object, others](caf::error&) mutable {
              poll_elsewhere(vm, std::move(others), promise);
            });
    return promise;
  }

  void poll_elsewhere(const std::string& vm, std::vector<roster::reached> rest,
                      caf::typed_response_promise<std::string> promise) {
    if (rest.empty()) {
      promise.deliver(to_error({fault::not_found, "no node that is reached watches a machine \"" + vm + "\""}));
      return;
    }
    const auto next = std::move(rest.back());
    rest.pop_back();
    self->request(next.handle, limits::node_answer_timeout, instruct_atom_v, instruction{next.who.name, "poll", vm, {}})
        .then([promise](std::string& said) mutable { promise.deliver(std::move(said)); },
              [this, vm, rest, promise](caf::error&) mutable { poll_elsewhere(vm, std::move(rest), promise); });
  }

  answer begin_verification() {
    const auto where = node->servers.database();
    if (!where)
      return to_error({fault::unavailable, node->config.node + " has no PostgreSQL; ask a node with role query"});
    if (verifying) return std::string{"a verification is on its way"};
    verifying = true;
    verification = R"({"state":"running"})";
    node->actors.abandon(); // a stop does not wait for it
    const auto me = caf::actor_cast<self_actor>(self);
    // Its arguments are not captured: without any, CAF 0.17 dereferences a null pointer, which newer builds notice.
    const auto work = [me, n = node](caf::event_based_actor*, const std::string& conninfo) {
      caf::anon_send(me, ended_atom_v, verify(conninfo));
      n->actors.returned();
    };
    self->spawn<caf::detached>(work, *where);
    return std::string{"every stored event is read and compared"};
  }

  // -- others ----------------------------------------------------------------------------

  bool is_here(const std::string& where) const { return where.empty() || where == node->config.node; }

  /// The other nodes with this role that are reached.
  std::vector<roster::reached> with(role wanted) const {
    auto others = node->members.others();
    std::erase_if(others, [&](const roster::reached& each) {
      return std::find(each.who.roles.begin(), each.who.roles.end(), to_string(wanted)) == each.who.roles.end();
    });
    return others;
  }

  template <class... Words>
  answer pass_on(const std::string& whom, const Words&... words) {
    const auto found = node->members.find(whom);
    if (!found) return to_error(found.error());
    return pass_on(*found, words...);
  }

  template <class... Words>
  answer pass_on(const node_actor& to, const Words&... words) {
    auto promise = self->make_response_promise<std::string>();
    self->request(to, limits::shell_answer_timeout, words...)
        .then([promise](std::string& said) mutable { promise.deliver(std::move(said)); },
              [promise](caf::error& e) mutable { promise.deliver(to_error(to_failure(e))); });
    return promise;
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  reader_actor readers;
  broadcaster_actor broadcaster;
  fleet_actor fleet;
  event_rates rates;
  bool verifying = false;
  std::string verification; ///< the last one, as JSON
  static inline const char* name = "operations";
};

self_actor::behavior_type operate(counted_pointer<self_actor, operations_state> self, node_context* node,
                                  reader_actor readers, broadcaster_actor broadcaster, fleet_actor fleet) {
  auto& state = self->state;
  state.node = node;
  state.readers = std::move(readers);
  state.broadcaster = std::move(broadcaster);
  state.fleet = std::move(fleet);
  self->send(self, caf::tick_atom_v);
  return {
      [&state](query_atom, query& q) { return state.ask(q); },
      [&state](instruct_atom, const instruction& what) { return state.instruct(what); },
      [&state](tail_atom, const live_filter& filter, uint64_t since) { return state.tail(filter, since); },
      [self, &state](caf::tick_atom) {
        state.rates.look(state.node->counts);
        self->delayed_send(self, limits::supervision_look, caf::tick_atom_v);
      },
      [&state](ended_atom, std::string& report) {
        state.verifying = false;
        state.verification = std::move(report);
      },
  };
}

} // namespace

operations_actor spawn_operations(caf::actor_system& system, node_context& node, reader_actor readers,
                                  broadcaster_actor broadcaster, fleet_actor fleet) {
  return system.spawn(operate, &node, std::move(readers), std::move(broadcaster), std::move(fleet));
}

} // namespace agentmon
