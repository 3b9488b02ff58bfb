#include "actors/poller.hpp"

#include "actors/backoff.hpp"
#include "http/counted_actor.hpp"
#include "monitor/snapshot.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>

#include <deque>
#include <random>

namespace agentmon {
namespace {

using monitor::reach;

using self_actor = poller_actor::extend<
    caf::reacts_to<caf::tick_atom>, caf::reacts_to<outside_atom, uint64_t, monitor::outside_reading>,
    caf::reacts_to<inside_atom, uint64_t, monitor::inside_reading>, caf::reacts_to<late_atom, uint64_t>,
    caf::reacts_to<settled_atom, std::string>, caf::reacts_to<flush_atom>>;
using clock_time = caf::actor_clock::time_point;

std::string seconds(clock_time::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

struct poller_state {
  explicit poller_state(self_actor::pointer actor) : self{actor} {}

  // -- one poll ---------------------------------------------------------------------

  /// The first poll comes at a moment of its own, so that a fleet is not looked at all at once.
  void start() {
    const auto spread = std::max(interval / 2, interval - std::chrono::milliseconds{limits::registry_look});
    std::minstd_rand random{std::random_device{}()};
    due = self->clock().now()
          + std::chrono::milliseconds{std::uniform_int_distribution<int64_t>{0, spread.count()}(random)};
    schedule();
  }

  void schedule() { self->scheduled_send(self, due, caf::tick_atom_v); }

  void poll() {
    const auto at = self->clock().now();
    node->counts.poll_late_seconds.Observe(std::chrono::duration<double>(at - due).count());
    while (due <= at) due += interval;
    schedule();
    look(at);
  }

  void look(clock_time at) {
    if (right && !right->holds()) return;
    if (open) return; // a machine that answers slowly is read less often, and never twice at once
    open = true;
    ++number;
    begun = at;
    outside.reset();
    self->delayed_send(self, patience(), late_atom_v, number);
    look_outside();
    // A machine that was off when it was last seen is visited when it is known to be on again.
    if (!was_off) look_inside();
    close_if_done();
  }

  /// How long a snapshot waits for its halves. A machine that hangs is told after the time-out of the question that got
  /// stuck in it: by the second one, a moment later.
  std::chrono::milliseconds patience() const {
    constexpr std::chrono::milliseconds two_questions = limits::hypervisor_timeout + std::chrono::seconds{1};
    return std::clamp<std::chrono::milliseconds>(interval * 4 / 5, two_questions, limits::reading_timeout);
  }

  void look_outside() {
    if (!about.libvirt) {
      outside = fail(fault::not_found, "the registry has no libvirt domain of it");
      return;
    }
    eyes->hypervisors.read(*about.libvirt, [me = caf::actor_cast<self_actor>(self), poll = number](auto seen) {
      caf::anon_send(me, outside_atom_v, poll, std::move(seen));
    });
  }

  void look_inside() {
    const auto at = self->clock().now();
    if (!about.ssh) {
      inside = monitor::inside_reading{reach::unknown, "the registry has no SSH of it", {}};
    } else if (visit_begun) {
      // Its answer still counts, if it comes before this poll is over.
    } else if (at < next_visit) {
      inside = last_failure;
      inside->reason += "; tried again in " + seconds(next_visit - at);
    } else {
      visit_begun = at;
      eyes->visits.visit(*about.ssh, about.gateway,
                         [me = caf::actor_cast<self_actor>(self), visit = ++visit_number](auto seen) {
                           caf::anon_send(me, inside_atom_v, visit, std::move(seen));
                         });
    }
  }

  void told_outside(uint64_t poll, monitor::outside_reading seen) {
    if (!open || poll != number || outside) return;
    const bool is_off = seen && monitor::is_off(seen->state);
    const bool came_back = was_off && !is_off;
    was_off = is_off;
    outside = std::move(seen);
    if (came_back) {
      next_visit = {};
      retry.reset();
      look_inside();
    }
    close_if_done();
  }

  void told_inside(uint64_t visit, monitor::inside_reading seen) {
    if (visit != visit_number || !visit_begun) return;
    visit_begun.reset();
    if (seen.how == reach::reached) {
      retry.reset();
      next_visit = {};
    } else {
      last_failure = seen;
      next_visit = self->clock().now() + retry.next();
    }
    // One that came too late for its poll serves the next one, should that have none in time either.
    if (open)
      inside = std::move(seen);
    else if (seen.how == reach::reached)
      belated = std::move(seen);
    close_if_done();
  }

  void close_if_done() {
    if (open && outside && (inside || was_off)) finish();
  }

  /// Time is up: what has not come is told so.
  void late(uint64_t poll) {
    if (open && poll == number) finish();
  }

  void finish() {
    const auto at = self->clock().now();
    open = false;
    if (!outside) outside = fail(fault::timeout, "libvirt has not answered for " + seconds(at - begun));
    if (!inside) inside = std::move(belated);
    if (!inside && visit_begun) inside = {reach::silent, "it has not answered for " + seconds(at - *visit_begun), {}};
    if (visit_begun && at - *visit_begun > limits::visit_timeout) visit_begun.reset(); // its answer was lost
    judge_and_tell({agentmon::now(), std::move(*outside), std::move(inside).value_or(monitor::inside_reading{})});
    inside.reset();
    belated.reset();
    node->counts.poll_seconds.Observe(std::chrono::duration<double>(at - begun).count());
  }

  void judge_and_tell(const monitor::reading& now) {
    const auto told = meter.of(now);
    const auto done = judge->of(now, told);
    node->counts.machines.set(about, now, told, done);
    remember();
    add(event_of(about, now.taken, "openclaw.snapshot", snapshot_payload(about, now, told, done, interval)));
    if (done.now != done.was) {
      log::info("poller", "a machine's verdict changed",
                {{"name", about.name},
                 {"verdict", to_string(done.now)},
                 {"was", to_string(done.was)},
                 {"issue", done.issues.empty() ? "" : done.issues.front()}});
      add(event_of(about, now.taken, "openclaw.verdict", verdict_payload(about, done)));
    }
    deliver();
  }

  /// Tells the fleet when another verdict or another rule counts.
  void remember() {
    auto standing = monitor::standing_of(judge->remembered());
    if (standing == remembered) return;
    remembered = std::move(standing);
    self->send(fleet, judged_atom_v, about.name, judge->remembered());
  }

  // -- its events ---------------------------------------------------------------------

  void add(std::string event) {
    waiting.push_back(std::move(event));
    if (waiting.size() <= limits::snapshots_waiting) return;
    waiting.pop_front();
    if (in_hand > 0) --in_hand;
    node->counts.snapshots_dropped.Increment();
  }

  void deliver() {
    if (with_gate || resting || waiting.empty()) return;
    batch_part part;
    for (const auto& event : waiting) part.json += (part.events++ == 0 ? "" : ",") + event;
    in_hand = waiting.size();
    with_gate = true;
    admissions one;
    one.push_back({{std::move(part)}, poster{[me = caf::actor_cast<self_actor>(self)](const auto& outcome, answers&) {
                     caf::anon_send(me, settled_atom_v, outcome ? std::string{} : outcome.error().message);
                   }}});
    self->send(gate, admit_atom_v, std::move(one));
  }

  void settled(const std::string& refusal) {
    with_gate = false;
    if (refusal.empty()) {
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<long>(in_hand));
      in_hand = 0;
      resend.reset();
      return deliver();
    }
    log::debug("poller", "the gate has not taken a snapshot; it is sent again",
               {{"name", about.name}, {"reason", refusal}});
    in_hand = 0;
    resting = true;
    self->delayed_send(self, resend.next(), flush_atom_v);
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  monitor::instance about;
  std::shared_ptr<machine_eyes> eyes;
  std::shared_ptr<const right_to_look> right;
  fleet_actor fleet;
  gate_actor gate;
  std::chrono::milliseconds interval{};
  monitor::rates meter;
  std::optional<monitor::judge> judge;
  std::string remembered; ///< what the fleet knows

  bool open = false;     ///< a poll is under way
  uint64_t number = 0;   ///< of the poll
  clock_time due, begun; ///< when the next poll must begin; when the last one did
  bool was_off = false;
  std::optional<monitor::outside_reading> outside; ///< of the poll that is under way
  std::optional<monitor::inside_reading> inside;

  uint64_t visit_number = 0;
  std::optional<clock_time> visit_begun; ///< of the visit that is under way; it may outlast its poll
  clock_time next_visit{};               ///< not before
  monitor::inside_reading last_failure;
  std::optional<monitor::inside_reading> belated; ///< of a visit that outlasted its poll
  backoff retry{limits::poll_interval_min, limits::poll_backoff_max};

  std::deque<std::string> waiting; ///< events that the gate has not taken yet, the oldest first
  bool with_gate = false;          ///< the gate has some of them and has not answered
  size_t in_hand = 0;              ///< so many of them, the oldest
  bool resting = false;            ///< it refused; they are sent again later
  backoff resend{limits::snapshot_retry_min, limits::snapshot_retry_max};
  static inline const char* name = "poller";
};

self_actor::behavior_type poll(counted_pointer<self_actor, poller_state> self, node_context* node, poller_task task) {
  auto& state = self->state;
  state.node = node;
  state.about = task.about;
  state.eyes = std::move(task.eyes);
  state.fleet = std::move(task.fleet);
  state.gate = std::move(task.gate);
  state.interval = task.about.poll_interval.value_or(node->config.poll_interval);
  state.remembered = monitor::standing_of(task.past);
  state.judge.emplace(std::move(task.about), std::move(task.past));
  state.start();
  return {
      [&state](caf::get_atom) { return static_cast<uint64_t>(state.waiting.size()); },
      [&state](poll_atom) { state.look(state.self->clock().now()); },
      [&state](caf::tick_atom) { state.poll(); },
      [&state](outside_atom, uint64_t poll, monitor::outside_reading& seen) {
        state.told_outside(poll, std::move(seen));
      },
      [&state](inside_atom, uint64_t visit, monitor::inside_reading& seen) {
        state.told_inside(visit, std::move(seen));
      },
      [&state](late_atom, uint64_t poll) { state.late(poll); },
      [&state](settled_atom, const std::string& refusal) { state.settled(refusal); },
      [&state](flush_atom) {
        state.resting = false;
        state.deliver();
      },
  };
}

} // namespace

poller_actor spawn_poller(caf::actor_system& system, node_context& node, poller_task task) {
  return system.spawn(poll, &node, std::move(task));
}

} // namespace agentmon
