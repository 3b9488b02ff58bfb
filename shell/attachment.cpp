#include "shell/attachment.hpp"

#include "actors/control_port.hpp"
#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>

namespace agentmon::shell {

/// What the actor that looks for the node and the thread that asks it share.
struct bond {
  explicit bond(endpoint at) : where{std::move(at)} {}

  const endpoint where;
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void(const std::string&)> told;
  node_actor node;     ///< invalid while there is none
  std::string trouble; ///< why there is none; empty before the first try has ended
  uint64_t losses = 0;
  bool was_there = false;
  caf::actor seeker;

  void found(node_actor actor) {
    {
      const std::lock_guard lock{mutex};
      node = std::move(actor);
      if (std::exchange(was_there, true)) told("the node at " + to_string(where) + " is back");
    }
    changed.notify_all();
  }

  void lost(const std::string& why) {
    {
      const std::lock_guard lock{mutex};
      trouble = why;
      if (node) {
        node = nullptr;
        ++losses;
        told("the node at " + to_string(where) + " has gone; looking for it");
      }
    }
    changed.notify_all();
  }
};

namespace {

using clock = std::chrono::steady_clock;

/// Dials, watches what it found, and dials again.
struct seeker_state {
  explicit seeker_state(caf::event_based_actor* actor) : self{actor} {}
  seeker_state(const seeker_state&) = delete;
  seeker_state& operator=(const seeker_state&) = delete;
  ~seeker_state() { caf::anon_send_exit(dialer, caf::exit_reason::kill); }

  void dial() {
    self->request(dialer, limits::shell_attach_timeout, caf::connect_atom_v, to->where.host, to->where.port)
        .then([this](const caf::node_id&, caf::strong_actor_ptr& published,
                     const std::set<std::string>& speaks) { greet(published, speaks); },
              [this](const caf::error& e) { again(control_reason(self->system(), e)); });
  }

  void greet(const caf::strong_actor_ptr& published, const std::set<std::string>& speaks) {
    const auto wanted = self->system().message_types(caf::detail::type_list<node_actor>{});
    if (!published || !self->system().assignable(speaks, wanted))
      return again("what answers there is no node of agentmon " AGENTMON_VERSION);
    self->monitor(published);
    to->found(caf::actor_cast<node_actor>(published));
  }

  void again(const std::string& why) {
    to->lost(why);
    self->delayed_send(self, limits::shell_retry, caf::connect_atom_v);
  }

  caf::event_based_actor* self;
  std::shared_ptr<bond> to;
  caf::io::middleman_actor dialer;
};

caf::behavior seek(caf::stateful_actor<seeker_state>* self, const std::shared_ptr<bond>& to,
                   const caf::io::middleman_actor& dialer) {
  auto& state = self->state;
  state.to = to;
  state.dialer = dialer;
  // Dialed at once, CAF would hand out its dead handle once more.
  self->set_down_handler([&state](const caf::down_msg&) { state.again("it has gone"); });
  self->send(self, caf::connect_atom_v);
  return {[&state](caf::connect_atom) { state.dial(); }};
}

} // namespace

attachment::attachment(caf::actor_system& system, const control::link& how, const endpoint& where,
                       std::function<void(const std::string&)> told)
    : system_{system}, bond_{std::make_shared<bond>(where)} {
  bond_->told = std::move(told);
  bond_->seeker = system.spawn(seek, bond_, control::spawn_middleman(system, how));
}

attachment::~attachment() {
  caf::anon_send_exit(bond_->seeker, caf::exit_reason::user_shutdown);
  const std::lock_guard lock{bond_->mutex};
  bond_->told = [](const std::string&) {};
  bond_->node = nullptr;
  bond_->seeker = nullptr;
}

bool attachment::is_there() const {
  const std::lock_guard lock{bond_->mutex};
  return static_cast<bool>(bond_->node);
}

uint64_t attachment::losses() const {
  const std::lock_guard lock{bond_->mutex};
  return bond_->losses;
}

result<void> attachment::attached() const {
  std::unique_lock lock{bond_->mutex};
  const auto deadline = clock::now() + limits::shell_attach_timeout;
  while (!bond_->node && bond_->trouble.empty() && clock::now() < deadline) {
    if (interrupt::requested()) return fail(fault::stopping, "given up");
    bond_->changed.wait_for(lock, limits::tail_look);
  }
  if (bond_->node) return {};
  return fail(fault::unavailable, "no node is reached at " + to_string(bond_->where) + ": "
                                      + (bond_->trouble.empty() ? "nobody answers in time" : bond_->trouble));
}

result<void> attachment::wait() const {
  std::unique_lock lock{bond_->mutex};
  for (const auto deadline = clock::now() + limits::shell_patience; !bond_->node;) {
    if (interrupt::requested()) return fail(fault::stopping, "given up");
    if (clock::now() >= deadline)
      return fail(fault::unavailable, "the node at " + to_string(bond_->where) + " is away: " + bond_->trouble);
    bond_->changed.wait_for(lock, limits::tail_look);
  }
  return {};
}

/// CAF never bounces what was on its way to a node that has gone, so that is looked at meanwhile.
template <class... Words>
result<std::string> attachment::request(const Words&... words) const {
  std::unique_lock lock{bond_->mutex};
  if (!bond_->node) return fail(fault::stopping, "it has gone");
  const auto losses = bond_->losses;
  const auto said = std::make_shared<std::optional<result<std::string>>>(); // under the bond's mutex
  const auto settle = [said, to = bond_](result<std::string> outcome) {
    {
      const std::lock_guard settling{to->mutex};
      *said = std::move(outcome);
    }
    to->changed.notify_all();
  };
  // With an argument: without any, CAF 0.17 dereferences a null pointer, which newer builds notice.
  const auto ask = [settle, words...](caf::event_based_actor* self, const decltype(bond_->node)& to) {
    self->request(to, limits::shell_answer_timeout, words...)
        .then([settle](std::string& answer) { settle(std::move(answer)); },
              [settle](const caf::error& e) { settle(tl::unexpected{to_failure(e)}); });
  };
  const auto asker = system_.spawn(ask, bond_->node);
  while (!*said && bond_->losses == losses && !interrupt::requested()) bond_->changed.wait_for(lock, limits::tail_look);
  if (*said) return std::move(**said);
  caf::anon_send_exit(asker, caf::exit_reason::kill);
  return fail(fault::stopping, "it has gone");
}

template <class... Words>
result<std::string> attachment::request_again(const Words&... words) const {
  for (const auto deadline = clock::now() + limits::shell_patience; clock::now() < deadline;) {
    if (auto there = wait(); !there) return tl::unexpected{there.error()};
    auto said = request(words...);
    if (said || said.error().code != fault::stopping || !interrupt::pause(limits::shell_retry)) return said;
  }
  return fail(fault::unavailable, "the node at " + to_string(bond_->where) + " comes and goes");
}

result<std::string> attachment::ask(const query& q) const { return request_again(query_atom_v, q); }

result<std::string> attachment::tail(const live_filter& filter, uint64_t since) const {
  return request_again(tail_atom_v, filter, since);
}

result<std::string> attachment::instruct(const instruction& what) const {
  if (auto there = wait(); !there) return tl::unexpected{there.error()};
  auto said = request(instruct_atom_v, what);
  if (!said && said.error().code == fault::stopping && !interrupt::requested())
    return fail(fault::unavailable, "the node went away before it answered; whether it has done that is not known");
  return said;
}

} // namespace agentmon::shell
