#include "actors/gate.hpp"
#include "protocol/limits.hpp"
#include "tests/actors/bench.hpp"

#include <map>

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

/// What the gate sent to the journal; the test answers it.
struct journal_log {
  std::vector<uint64_t> tickets;
  caf::strong_actor_ptr gate;
};

journal_actor::behavior_type fake_journal(journal_actor::pointer self, std::shared_ptr<journal_log> log) {
  return {
      [self, log](append_atom, const ticketed_batches& batches) {
        for (const auto& batch : batches) log->tickets.push_back(batch.ticket);
        log->gate = self->current_sender();
      },
      [](read_atom, uint64_t, uint64_t) { return journal_records{}; },
      [](committed_atom, uint64_t) {},
      [](position_atom) { return journal_position{}; },
  };
}

/// Notes what the gate answered to one batch.
struct outcomes {
  std::map<int, uint64_t> accepted;
  std::map<int, fault> refused;
};

struct fixture : bench {
  std::shared_ptr<journal_log> log = std::make_shared<journal_log>();
  std::shared_ptr<outcomes> got = std::make_shared<outcomes>();
  journal_actor journal = keep(system.spawn(fake_journal, log));
  gate_actor gate = keep(spawn_gate(system, node, journal));

  admission batch(int number, size_t bytes, uint32_t events) const {
    return {{{std::string(bytes, 'x'), events}}, poster{[number, got = got](const result<uint64_t>& outcome, answers&) {
              CHECK_MESSAGE(got->accepted.count(number) + got->refused.count(number) == 0, "told twice");
              if (outcome)
                got->accepted[number] = *outcome;
              else
                got->refused[number] = outcome.error().code;
            }}};
  }
  void post(int number, size_t bytes, uint32_t events) {
    caf::anon_send(gate, admit_atom_v, admissions{batch(number, bytes, events)});
    run();
  }
  void sync(std::vector<uint64_t> tickets, uint8_t code = 0) {
    caf::anon_send(caf::actor_cast<gate_actor>(log->gate), synced_atom_v, std::move(tickets), code, std::string{"why"});
    run();
  }
};

} // namespace

TEST_SUITE_BEGIN("gate");

TEST_CASE_FIXTURE(fixture, "a batch is answered when it is synced, not before") {
  post(1, 100, 3);
  CHECK(log->tickets.size() == 1);
  CHECK(got->accepted.empty());
  sync(log->tickets);
  CHECK(got->accepted[1] == 3);
  CHECK(node.counts.events_accepted.Value() == 3);
  CHECK(node.counts.window_bytes.Value() == 0);
}

TEST_CASE_FIXTURE(fixture, "one answer of the journal settles a whole group") {
  for (int i = 0; i < 5; ++i) post(i, 10, 1);
  sync(log->tickets);
  CHECK(got->accepted.size() == 5);
}

TEST_CASE_FIXTURE(fixture, "beyond the window a batch is refused at once, and let in again later") {
  post(1, limits::window_bytes - 10, 1);
  post(2, 11, 1);
  CHECK(got->refused[2] == fault::overload);
  CHECK(log->tickets.size() == 1);
  post(3, 10, 1);
  CHECK(log->tickets.size() == 2);
  sync(log->tickets);
  post(4, 11, 1);
  CHECK(log->tickets.size() == 3);
}

TEST_CASE_FIXTURE(fixture, "what the journal refuses is told with its reason") {
  post(1, 10, 1);
  sync(log->tickets, static_cast<uint8_t>(fault::overload));
  CHECK(got->refused[1] == fault::overload);
}

TEST_CASE_FIXTURE(fixture, "a disk that does not answer ends in a time-out, and its late answer harms nothing") {
  post(1, 10, 1);
  advance(limits::sync_timeout - 1s);
  CHECK(got->refused.empty());
  advance(2s);
  CHECK(got->refused[1] == fault::timeout);
  CHECK(node.counts.window_bytes.Value() == 0);
  sync(log->tickets);
  CHECK(got->accepted.empty());
}

TEST_CASE_FIXTURE(fixture, "batches that came together are judged one by one") {
  caf::anon_send(gate, admit_atom_v,
                 admissions{batch(1, limits::window_bytes - 10, 1), batch(2, 11, 1), batch(3, 10, 1)});
  run();
  CHECK(got->refused.size() == 1);
  CHECK(got->refused[2] == fault::overload);
  sync(log->tickets);
  CHECK(got->accepted.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "a gate that ends tells all who wait") {
  post(1, 10, 1);
  caf::anon_send_exit(gate, caf::exit_reason::kill);
  run();
  CHECK(got->refused[1] == fault::unavailable);
  post(2, 10, 1);
  CHECK(got->refused[2] == fault::unavailable);
}

TEST_SUITE_END();
