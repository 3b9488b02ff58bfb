#include "actors/backoff.hpp"
#include "actors/keeper.hpp"
#include "actors/supervisor.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "tests/actors/bench.hpp"

#include <set>

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

/// Hangs in its first life, as far as can be seen from outside: it takes up nothing. Answers in the others.
caf::behavior hanging(counted<caf::event_based_actor>* self, int life) {
  if (life == 1) {
    self->set_default_handler(caf::skip);
    return {[](caf::tick_atom) {}};
  }
  return {
      [](query_atom, const query& q) { return q.route; },
      [](free_atom) { return true; },
  };
}

/// Crashes at everything.
caf::behavior crashing(counted<caf::event_based_actor>* self, caf::exit_reason why) {
  return {[self, why](query_atom, const query&) { self->quit(why); }};
}

struct fixture : bench {
  int lives = 0;
  std::vector<std::string> given_up;
  caf::actor supervisor =
      keep(spawn_supervisor(system, node, [this](const std::string& why) { given_up.push_back(why); }));
  child_spec hanging_spec{.name = "reader", .above = "query", .start = [this](caf::actor_system& sys) {
                            return caf::actor_cast<caf::actor>(sys.spawn(hanging, ++lives));
                          }};

  /// The looks of so much time.
  std::vector<std::string> look_for(std::chrono::seconds time) {
    std::vector<std::string> helpless;
    for (const auto end = at + time; at < end;) {
      at += 1s;
      helpless = node.actors.look(at);
    }
    return helpless;
  }
  actor_record::clock::time_point at = actor_record::clock::now();

  actor_status status(std::string_view name) { return node.actors.find(name)->status(); }
};

} // namespace

TEST_SUITE_BEGIN("supervision");

TEST_CASE_FIXTURE(fixture, "who handles nothing while messages wait is stuck, is told so, and is replaced") {
  const auto supervised = keep(spawn_keeper(system, node, hanging_spec));
  run();
  look_for(2 * limits::stuck_after);
  CHECK(status("reader").state == actor_state::up); // nothing waits: it only has nothing to do

  caf::anon_send(supervised, query_atom_v, query{"lost", {}, {}});
  run();
  look_for(limits::stuck_after);
  CHECK(status("reader").state == actor_state::up);
  CHECK(status("reader").mailbox == 1);
  look_for(2s);
  CHECK(status("reader").state == actor_state::stuck);
  run();
  CHECK(status("reader").state == actor_state::restarting);
  advance(limits::restart_min);
  CHECK(status("reader").state == actor_state::up);
  CHECK(lives == 2);
  CHECK(status("reader").failures.at(0).reason == "it was stuck");
  CHECK(node.actors.abandoned() == 0); // it has ended after all
  CHECK(ask<std::string>(as<reader_actor>(supervised), query_atom_v, query{"ok", {}, {}}) == std::string{"ok"});
}

TEST_CASE_FIXTURE(fixture, "what a stuck member of a pool has in hand is answered, so that it is asked again") {
  const auto pool = keep(spawn_pool(system, node, hanging_spec, 1, 10));
  auto pending = self->request(as<reader_actor>(pool), caf::infinite, query_atom_v, query{"asked", {}, {}});
  run();
  look_for(limits::stuck_after + 2s);
  run();
  fault told{};
  pending.receive([](const std::string&) {}, [&](const caf::error& e) { told = to_failure(e).code; });
  CHECK(told == fault::unavailable);
  advance(limits::restart_min);
  CHECK(ask<std::string>(as<reader_actor>(pool), query_atom_v, query{"ok", {}, {}}) == std::string{"ok"});
  CHECK(status("reader-1").restarts == 1);
}

TEST_CASE_FIXTURE(fixture, "one that must not work twice is only told to be stuck") {
  hanging_spec.replaceable = false;
  const auto supervised = keep(spawn_keeper(system, node, hanging_spec));
  caf::anon_send(supervised, query_atom_v, query{"lost", {}, {}});
  run();
  look_for(limits::stuck_after + 2s);
  run();
  CHECK(status("reader").state == actor_state::stuck);
  CHECK(lives == 1);
}

TEST_CASE_FIXTURE(fixture, "after a sleep of the whole process nobody is blamed") {
  const auto supervised = keep(spawn_keeper(system, node, hanging_spec));
  caf::anon_send(supervised, query_atom_v, query{"lost", {}, {}});
  run();
  look_for(2s);
  at += 1h;
  CHECK(node.actors.look(at).empty());
  CHECK(status("reader").state == actor_state::up);
}

TEST_CASE_FIXTURE(fixture, "a keeper that does not replace who is stuck is told to the node") {
  const auto supervised = keep(spawn_keeper(system, node, hanging_spec));
  caf::anon_send(supervised, query_atom_v, query{"lost", {}, {}});
  run();
  CHECK(look_for(limits::stuck_after + limits::supervision_patience).empty());
  CHECK(look_for(3s) == std::vector<std::string>{"reader"}); // nothing ran meanwhile: the keeper hangs, too
}

TEST_CASE_FIXTURE(fixture, "started anew on request, at once and without a crash") {
  const auto supervised = keep(spawn_keeper(system, node, hanging_spec));
  run();
  CHECK(node.actors.find("reader")->restart("asked for"));
  run();
  CHECK(lives == 2);
  CHECK(status("reader").state == actor_state::up);
  CHECK(status("reader").failures.at(0).reason == "asked for");
}

TEST_CASE_FIXTURE(fixture, "who crashes too often has its role started anew, and in the end the node gives up") {
  int starts = 0;
  const auto crasher = keep(spawn_keeper(system, node,
                                         {.name = "gate",
                                          .above = "ingest",
                                          .start =
                                              [&](caf::actor_system& sys) {
                                                ++starts;
                                                return caf::actor_cast<caf::actor>(
                                                    sys.spawn(crashing, caf::exit_reason::unhandled_exception));
                                              },
                                          .parent = supervisor}));
  hanging_spec.above = "ingest";
  keep(spawn_keeper(system, node, hanging_spec));
  for (int role = 1; role <= limits::role_budget; ++role) {
    for (int i = 0; i <= limits::restart_budget; ++i) {
      caf::anon_send(crasher, query_atom_v, query{});
      run();
      advance(limits::restart_max);
    }
    CHECK(lives == 1 + role); // its neighbour, too
    CHECK(status("gate").state == actor_state::up);
    CHECK(given_up.empty());
  }
  for (int i = 0; i <= limits::restart_budget; ++i) {
    caf::anon_send(crasher, query_atom_v, query{});
    run();
    advance(limits::restart_max);
  }
  CHECK(status("gate").state == actor_state::given_up);
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].find("gate") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "only the role of the actor that gave up is started anew") {
  std::multiset<std::string> starts;
  std::vector<caf::actor> keepers;
  for (const auto* const name : {"journal", "gate", "elsewhere"})
    keepers.push_back(keep(spawn_keeper(system, node,
                                        {.name = name,
                                         .above = std::string_view{name} == "elsewhere" ? "query" : "ingest",
                                         .start =
                                             [&starts, name](caf::actor_system& sys) {
                                               starts.insert(name);
                                               return caf::actor_cast<caf::actor>(
                                                   sys.spawn(crashing, caf::exit_reason::unhandled_exception));
                                             },
                                         .parent = supervisor})));
  for (int i = 0; i < limits::restart_budget; ++i) {
    caf::anon_send(keepers[0], query_atom_v, query{});
    run();
    advance(limits::restart_max);
  }
  starts.clear();
  caf::anon_send(keepers[0], query_atom_v, query{}); // one too many
  run();
  CHECK(starts == std::multiset<std::string>{"gate", "journal"});
}

TEST_CASE("the pauses between restarts double up to a bound, each cut by chance, and never by more than a half") {
  std::set<int64_t> firsts;
  for (int i = 0; i < 50; ++i) {
    backoff retry{limits::restart_min, limits::restart_max};
    std::chrono::milliseconds whole = limits::restart_min;
    for (int step = 0; step < 12; ++step) {
      const auto pause = retry.next();
      CHECK(pause <= whole);
      CHECK(2 * pause >= whole);
      if (step == 0) firsts.insert(pause.count());
      whole = std::min<std::chrono::milliseconds>(limits::restart_max, whole * 2);
    }
  }
  CHECK(firsts.size() > 10); // many who crashed together do not come back together
}

TEST_CASE_FIXTURE(fixture, "the end of a port that nobody asked for ends the node") {
  const auto port = keep(system.spawn(crashing, caf::exit_reason::unhandled_exception));
  watch(supervisor, {{"gateway-port", port}});
  run();
  caf::anon_send(port, query_atom_v, query{});
  run();
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].find("gateway-port") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "the book as metrics") {
  keep(spawn_keeper(system, node, hanging_spec));
  run();
  const auto text = node.counts.text(node.actors.collect());
  CHECK(text.find("agentmon_actor_up{actor=\"reader\"} 1") != std::string::npos);
  CHECK(text.find("agentmon_actor_restarts_total{actor=\"reader\"} 0") != std::string::npos);
  CHECK(text.find("agentmon_actor_mailbox_messages{actor=\"reader\"} 0") != std::string::npos);
  CHECK(text.find("agentmon_actor_messages_total{actor=\"reader\"} 0") != std::string::npos);
}

TEST_SUITE_END();
