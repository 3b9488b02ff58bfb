#include "actors/reader.hpp"

#include "http/counted_actor.hpp"
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

result<store::asked_time> parse_time(const store::query_parameters& given) {
  return store::parse_time_asked(given, now());
}

/// The answers by the names that query_routes.cpp gives them.
const std::map<std::string, answering_function, std::less<>>& answers_by_route() {
  using store::connection;
  static const std::map<std::string, answering_function, std::less<>> table{
      {"events",
       answering(store::parse_event_filter,
                 [](connection& c, const query&, const auto& filter) { return store::read_events(c, filter); })},
      {"event", answering(store::parse_event_time, [](connection& c, const query& q,
                                                      const auto& ts) { return store::read_event(c, q.id, ts); })},
      {"sessions", answering(store::parse_session_filter,
                             [](connection& c, const query&, const auto& filter) {
                               return store::read_sessions(c, filter, now());
                             })},
      {"runs",
       answering(store::parse_run_filter,
                 [](connection& c, const query&, const auto& filter) { return store::read_runs(c, filter, now()); })},
      {"session",
       answering(store::parse_runs_page, [](connection& c, const query& q,
                                            const auto& page) { return store::read_session(c, q.id, page, now()); })},
      {"run", answering(store::parse_run_view, [](connection& c, const query& q,
                                                  const auto& view) { return store::read_run(c, q.id, view, now()); })},
      {"span",
       answering(store::parse_span_address,
                 [](connection& c, const query& q, const auto& wanted) { return store::read_span(c, q.id, wanted); })},
      {"agents", answering(parse_time, [](connection& c, const query&,
                                          const auto& time) { return store::read_agents(c, time, now()); })},
      {"summary",
       answering(store::parse_nothing, [](connection& c, const query&) { return store::read_summary(c, now()); })},
      {"timeseries",
       answering([](const auto& given) { return store::parse_series_filter(given, now()); },
                 [](connection& c, const query&, const auto& filter) { return store::read_timeseries(c, filter); })},
      {"agent_steps", answering(parse_time, [](connection& c, const query&,
                                               const auto& time) { return store::read_agent_steps(c, time); })},
      {"tools",
       answering(parse_time, [](connection& c, const query&, const auto& time) { return store::read_tools(c, time); })},
      {"marks",
       answering(parse_time, [](connection& c, const query&, const auto& time) { return store::read_marks(c, time); })},
      {"vms", answering(store::parse_nothing, [](connection& c, const query&) { return store::read_vms(c); })},
      {"vm_samples", answering(parse_time, [](connection& c, const query& q,
                                              const auto& time) { return store::read_vm_samples(c, q.id, time); })},
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
      const auto ready = store::migrate(*opened).and_then([&](int) { return opened->exec(store::reading_settings); });
      if (!ready) opened = tl::unexpected{ready.error()};
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

self_actor::behavior_type read(counted_pointer<self_actor, reader_state> self, node_context* node) {
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
