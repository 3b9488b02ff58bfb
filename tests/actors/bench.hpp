#pragma once
#include "actors/context.hpp"
#include "actors/interfaces.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <doctest/doctest.h>

#include <vector>

namespace agentmon {

struct bench_config : caf::actor_system_config {
  bench_config() {
    add_message_types<caf::id_block::agentmon_http>();
    add_message_types<caf::id_block::agentmon_actors>();
    add_error_category(caf::atom("agentmon"), [](uint8_t code, caf::atom_value, const caf::message& context) {
      return fault_text(code, context);
    });
    set("scheduler.policy", caf::atom("testing"));
  }
};

/// Runs actors on one thread with a clock that the test moves. What it keeps is ended with it.
struct bench {
  bench_config config;
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  caf::scoped_actor self{system};
  node_context node{};
  std::vector<caf::actor> kept;

  ~bench() {
    for (const auto& actor : kept) caf::anon_send_exit(actor, caf::exit_reason::kill);
    run();
  }

  template <class Handle>
  Handle keep(Handle handle) {
    kept.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

  void run() { scheduler.run(); }
  void advance(caf::timespan time) {
    scheduler.advance_time(time);
    scheduler.run();
  }

  /// The answer, or the failure.
  template <class Answer, class Handle, class... Words>
  result<Answer> ask(const Handle& handle, Words&&... words) {
    auto pending = self->request(handle, caf::infinite, std::forward<Words>(words)...);
    run();
    result<Answer> got = fail(fault::timeout, "no answer");
    pending.receive([&](Answer& answer) { got = std::move(answer); },
                    [&](const caf::error& e) { got = tl::unexpected{to_failure(e)}; });
    return got;
  }
};

} // namespace agentmon
