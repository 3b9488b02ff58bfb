#include "actors/kept.hpp"

#include "actors/messages.hpp"
#include "http/counted_actor.hpp"
#include "protocol/log.hpp"

#include <algorithm>

namespace agentmon {

kept::kept(caf::event_based_actor* self, node_context& node, child_spec spec, uint64_t index,
           std::function<void()> changed)
    : self_{self}, node_{&node}, spec_{std::move(spec)}, index_{index}, changed_{std::move(changed)} {
  const auto keeper = self->address(); // a weak one: the book keeps nobody alive
  record_ = node.actors.enter(spec_.name, spec_.above, spec_.patience, [keeper, index](bool stuck, std::string reason) {
    const auto what = stuck ? upkeep::kind::replace : upkeep::kind::restart;
    if (const auto to = caf::actor_cast<caf::actor>(keeper))
      caf::anon_send(to, upkeep{what, index, 0, std::move(reason)});
  });
}

kept::~kept() { node_->actors.leave(record_); }

void kept::start() {
  actor = spec_.start(self_->system());
  ++life_;
  self_->monitor(actor);
  record_->started(counts_of(actor));
  changed_();
}

void kept::take(const upkeep& order) {
  if (ending_) return;
  switch (order.what) {
  case upkeep::kind::start:
    if (!actor) start();
    break;
  case upkeep::kind::restart: restart(order.reason); break;
  case upkeep::kind::replace:
    if (actor && spec_.replaceable) {
      abandon();
      crashed(order.reason);
    } else if (!actor) {
      restart(order.reason);
    }
    break;
  case upkeep::kind::too_late:
    if (!actor || order.life != life_ || !spec_.replaceable) break;
    abandon();
    crashed(order.reason + ", and it did not end in time");
  }
}

void kept::restart(const std::string& reason) {
  crashes_.clear();
  if (!actor) return start();
  if (wanted_) return;
  log::info("keeper", "starts an actor anew", {{"actor", spec_.name}, {"reason", reason}});
  wanted_ = reason;
  // Unlike at the node's end, so that it can tell one from the other.
  self_->send_exit(actor, to_error({fault::unavailable, reason}));
  self_->delayed_send(self_, limits::stop_grace, upkeep{upkeep::kind::too_late, index_, life_, reason});
}

void kept::abandon() {
  abandoned_.push_back(actor.address());
  node_->actors.abandon();
  // It ends as soon as its call returns: this goes before all else in its mailbox.
  self_->send_exit(actor, caf::exit_reason::kill);
  wanted_.reset();
}

bool kept::down(const caf::down_msg& message) {
  if (std::erase(abandoned_, message.source) > 0) {
    node_->actors.returned();
    log::info("keeper", "an actor that hung has returned and ended", {{"actor", spec_.name}});
    return true;
  }
  if (!actor || actor.address() != message.source) return false;
  if (ending_) {
    actor = nullptr;
  } else if (const auto reason = std::exchange(wanted_, std::nullopt)) {
    record_->ended(actor_state::restarting, *reason);
    start();
  } else {
    crashed(self_->system().render(message.reason));
  }
  return true;
}

void kept::crashed(const std::string& reason) {
  actor = nullptr;
  const auto at = self_->clock().now();
  while (!crashes_.empty() && crashes_.front() < at - limits::restart_window) crashes_.pop_front();
  if (crashes_.empty()) retry_.reset();
  crashes_.push_back(at);
  const bool is_enough = crashes_.size() > static_cast<size_t>(limits::restart_budget);
  log::error("keeper", is_enough ? "an actor crashed too often" : "an actor crashed and is started again",
             {{"actor", spec_.name}, {"reason", reason}, {"crashes", crashes_.size()}});
  record_->ended(is_enough ? actor_state::given_up : actor_state::restarting, reason);
  changed_();
  if (!is_enough)
    self_->delayed_send(self_, retry_.next(), upkeep{upkeep::kind::start, index_});
  else if (spec_.parent)
    self_->send(spec_.parent, gave_up{spec_.name, spec_.above});
  else
    self_->quit(caf::exit_reason::unhandled_exception);
}

bool kept::end(const caf::error& reason) {
  ending_ = true;
  if (actor) self_->send_exit(actor, reason);
  return static_cast<bool>(actor);
}

caf::result<caf::message> pass_on(caf::scheduled_actor* self, const caf::actor& to, caf::message message) {
  const auto* const element = self->current_mailbox_element();
  to->enqueue(caf::make_mailbox_element(element->sender, element->mid, {}, std::move(message)), self->context());
  return caf::delegated<caf::message>{};
}

caf::error away(const std::string& name) {
  return to_error({fault::unavailable, "the " + name + " is being restarted; try again in a second"});
}

} // namespace agentmon
