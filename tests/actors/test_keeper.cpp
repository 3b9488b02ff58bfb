#include "actors/keeper.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "tests/actors/bench.hpp"

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

/// Answers "ok", crashes on "crash", and holds "hold" back until it is told to let go.
reader_actor::behavior_type moody(counted<reader_actor::base>* self, std::shared_ptr<int> asked) {
  return {
      [self, asked](query_atom, const query& q) -> caf::result<std::string> {
        ++*asked;
        if (q.route == "crash") {
          self->quit(caf::exit_reason::unhandled_exception);
          return to_error({fault::corrupt, "crashed"});
        }
        return q.route;
      },
      [](free_atom) { return true; },
  };
}

struct fixture : bench {
  std::shared_ptr<int> asked = std::make_shared<int>(0);
  int starts = 0;
  starter start = [this](caf::actor_system& sys) {
    ++starts;
    return caf::actor_cast<caf::actor>(sys.spawn(moody, asked));
  };
  child_spec spec{.name = "reader", .above = "query", .start = start};
  result<std::string> ask_for(const caf::actor& kept_reader, const std::string& what) {
    return ask<std::string>(as<reader_actor>(kept_reader), query_atom_v, query{what, {}, {}});
  }
};

} // namespace

TEST_SUITE_BEGIN("keeper");

TEST_CASE_FIXTURE(fixture, "messages are passed on and answered") {
  const auto kept_reader = keep(spawn_keeper(system, node, spec));
  CHECK(ask_for(kept_reader, "ok") == std::string{"ok"});
  CHECK(starts == 1);
}

TEST_CASE_FIXTURE(fixture, "after a crash the same handle works again, and says so meanwhile") {
  const auto kept_reader = keep(spawn_keeper(system, node, spec));
  CHECK(!ask_for(kept_reader, "crash").has_value());
  const auto meanwhile = ask_for(kept_reader, "ok");
  REQUIRE(!meanwhile.has_value());
  CHECK(meanwhile.error().code == fault::unavailable);
  CHECK(meanwhile.error().message.find("restarted") != std::string::npos);
  advance(limits::restart_min);
  CHECK(ask_for(kept_reader, "ok") == std::string{"ok"});
  CHECK(starts == 2);
  const auto about = node.actors.find("reader")->status();
  CHECK(about.state == actor_state::up);
  CHECK(about.restarts == 1);
  REQUIRE(about.failures.size() == 1);
  CHECK(about.last_error->reason == about.failures[0].reason);
  CHECK(about.messages == 2); // over both lives
  CHECK(about.mailbox == 0);
}

TEST_CASE_FIXTURE(fixture, "too many crashes end a keeper that has no parent") {
  const auto kept_reader = keep(spawn_keeper(system, node, spec));
  self->monitor(kept_reader);
  for (int i = 0; i <= limits::restart_budget; ++i) {
    ask_for(kept_reader, "crash");
    advance(limits::restart_max);
  }
  bool ended = false;
  self->receive([&](const caf::down_msg&) { ended = true; }, caf::after(0s) >> [] {});
  CHECK(ended);
}

TEST_CASE_FIXTURE(fixture, "an exit ends the kept_reader actor first") {
  const auto kept_reader = keep(spawn_keeper(system, node, spec));
  run();
  self->monitor(kept_reader);
  caf::anon_send_exit(kept_reader, caf::exit_reason::user_shutdown);
  run();
  bool ended = false;
  self->receive([&](const caf::down_msg& down) { ended = down.reason == caf::exit_reason::user_shutdown; },
                caf::after(0s) >> [] {});
  CHECK(ended);
  CHECK(node.actors.list().empty());
}

TEST_CASE_FIXTURE(fixture, "a pool answers more questions than it has members") {
  const auto pool = keep(spawn_pool(system, node, spec, 2, 10));
  std::vector<std::string> got;
  // With an argument: CAF looks into its empty list of arguments through a null pointer, which libstdc++'s checks
  // forbid.
  const auto post = [&pool](caf::event_based_actor* actor, std::vector<std::string>* answers) -> caf::behavior {
    return {[&pool, actor, answers](int n) {
      for (int i = 0; i < n; ++i)
        actor->request(as<reader_actor>(pool), 60s, query_atom_v, query{std::to_string(i), {}, {}})
            .then([answers](const std::string& answer) { answers->push_back(answer); },
                  [answers](caf::error& e) { answers->emplace_back(to_string(to_failure(e).code)); });
    }};
  };
  auto poster = keep(system.spawn(post, &got));
  caf::anon_send(poster, 8);
  run();
  CHECK(got.size() == 8);
  CHECK(std::count(got.begin(), got.end(), "overload") == 0);
  CHECK(starts == 2);
}

TEST_CASE_FIXTURE(fixture, "a pool survives a member's crash and uses it again") {
  const auto pool = keep(spawn_pool(system, node, spec, 1, 10));
  CHECK(ask_for(pool, "ok") == std::string{"ok"});
  CHECK(!ask_for(pool, "crash").has_value());
  advance(limits::restart_max);
  CHECK(ask_for(pool, "ok") == std::string{"ok"});
  CHECK(starts == 2);
}

TEST_SUITE_END();
