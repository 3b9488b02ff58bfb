#include "actors/reader.hpp"

#include "store/migrate.hpp"
#include "store/reading.hpp"

#include <caf/all.hpp>

#include <functional>
#include <map>
#include <optional>

namespace agentmon {
namespace {

using self_actor = reader_actor::extend<caf::reacts_to<caf::tick_atom>>;
using answering_function = std::function<result<std::string>(store::connection&, const query&)>;

/// Parses the parameters, then reads: what is wrong with a question is told without PostgreSQL.
template <class Parse, class Read>
answering_function answering(Parse parse, Read read) {
  return [=](store::connection& link, const query& q) -> result<std::string> {
    const auto parsed = parse(q.parameters);
    if (!parsed) return tl::unexpected{parsed.error()};
    if constexpr (requires { *parsed; })
      return read(link, q, *parsed);
    else
      return read(link, q);
  };
}

/// The answers by the names that query_routes.cpp gives them.
const std::map<std::string, answering_function, std::less<>>& answers_by_route() {
  using store::connection;
  static const std::map<std::string, answering_function, std::less<>> table{
      {"events",
       answering(store::parse_event_filter,
                 [](connection& c, const query&, const auto& filter) { return store::read_events(c, filter); })},
      {"sessions", answering(store::parse_session_filter,
                             [](connection& c, const query&, const auto& filter) {
                               return store::read_sessions(c, filter, now());
                             })},
      {"session",
       answering(store::parse_runs_page, [](connection& c, const query& q,
                                            const auto& page) { return store::read_session(c, q.id, page, now()); })},
      {"run",
       answering(store::parse_run_session,
                 [](connection& c, const query& q, const auto& session) { return store::read_run(c, q.id, session); })},
      {"summary",
       answering(store::parse_nothing, [](connection& c, const query&) { return store::read_summary(c, now()); })},
      {"timeseries",
       answering(store::parse_window, [](connection& c, const query&,
                                         const auto& window) { return store::read_timeseries(c, window, now()); })},
      {"tools", answering(store::parse_window, [](connection& c, const query&,
                                                  const auto& window) { return store::read_tools(c, window, now()); })},
      {"vms", answering(store::parse_nothing, [](connection& c, const query&) { return store::read_vms(c); })},
      {"vm_samples", answering(store::parse_window,
                               [](connection& c, const query& q, const auto& window) {
                                 return store::read_vm_samples(c, q.id, window, now());
                               })},
  };
  return table;
}

struct reader_state {
  explicit reader_state(self_actor::pointer actor) : self{actor} {}

  caf::result<std::string> ask(const query& q) {
    const auto found = answers_by_route().find(q.route);
    if (found == answers_by_route().end()) return to_error({fault::not_found, "there is no endpoint " + q.route});
    if (auto ready = connect(); !ready) return to_error(ready.error());
    const auto begin = std::chrono::steady_clock::now();
    auto answer = found->second(*link, q);
    node->counts.query_seconds.Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (!answer) return to_error(answer.error());
    return std::move(*answer);
  }

  result<void> connect() {
    if (link && link->alive()) return {};
    link.reset();
    const auto where = node->servers.database();
    if (!where) return fail(fault::unavailable, "the private PostgreSQL has not started yet; try again in a second");
    auto opened = store::connect(*where, limits::query_timeout);
    if (opened) {
      // A query node may be the first to see a new database; the steps are the same whoever takes them.
      if (auto ready = store::migrate(*opened); !ready) opened = tl::unexpected{ready.error()};
    }
    if (!opened) {
      node->status.set("postgresql", condition::away, opened.error().message);
      return tl::unexpected{opened.error()};
    }
    link.emplace(std::move(*opened));
    node->status.set("postgresql", condition::up);
    return {};
  }

  /// So that /readyz knows before the first question, and when PostgreSQL is there but frozen.
  void look() {
    if (!link || !link->alive()) {
      static_cast<void>(connect()); // it tells the health board itself
    } else if (std::chrono::steady_clock::now() >= next_look) {
      next_look = std::chrono::steady_clock::now() + limits::store_look;
      if (auto there = link->ask_whether_it_is_there(); !there)
        node->status.set("postgresql", condition::away, there.error().message);
    }
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  std::optional<store::connection> link;
  std::chrono::steady_clock::time_point next_look{};
  static inline const char* name = "reader";
};

self_actor::behavior_type read(self_actor::stateful_pointer<reader_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  node->status.expect("postgresql");
  self->send(self, caf::tick_atom_v);
  return {
      [&state](query_atom, const query& q) { return state.ask(q); },
      [](free_atom) { return true; },
      [self, &state](caf::tick_atom) {
        state.look();
        self->delayed_send(self, limits::service_check, caf::tick_atom_v);
      },
  };
}

} // namespace

reader_actor spawn_reader(caf::actor_system& system, node_context& node) {
  return system.spawn<caf::detached>(read, &node);
}

} // namespace agentmon
