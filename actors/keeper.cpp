#include "actors/keeper.hpp"

#include "actors/kept.hpp"

#include <mutex>

namespace agentmon {
namespace {

/// Everything that agentmon's actors say begins with an atom; what CAF and the node's book tell a supervisor does not.
bool is_for_child(const caf::mailbox_element& element) { return element.content().match_element<caf::atom_value>(0); }

/// Passes messages on within the sender's call: waiting in a mailbox of its own would cost each a thread's wake-up.
class keeper : public caf::event_based_actor {
public:
  keeper(caf::actor_config& config, node_context* node, child_spec spec) : caf::event_based_actor{config} {
    child_.emplace(this, *node, std::move(spec), 0, [this] { set_front(child_->actor); });
    child_->start();
  }

  const char* name() const override { return "keeper"; }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) override {
    if (is_for_child(*what))
      if (const auto to = front()) return to->enqueue(std::move(what), host);
    caf::event_based_actor::enqueue(std::move(what), host);
  }

  caf::behavior make_behavior() override {
    set_down_handler([this](caf::down_msg& down) {
      if (child_->down(down) && child_->has_ended()) quit(down.reason);
    });
    set_exit_handler([this](caf::exit_msg& exit) {
      if (!child_->end(exit.reason)) quit(exit.reason);
    });
    // What came while the child was away.
    set_default_handler([this](caf::scheduled_actor*, caf::message_view& view) -> caf::result<caf::message> {
      if (!child_->actor) return away(child_->name());
      return pass_on(this, child_->actor, view.move_content_to_message());
    });
    return {
        [this](const upkeep& order) { child_->take(order); },
    };
  }

  void on_exit() override {
    child_.reset();
    set_front(nullptr);
  }

private:
  caf::actor front() const {
    const std::lock_guard lock{mutex_};
    return front_;
  }

  void set_front(caf::actor actor) {
    const std::lock_guard lock{mutex_};
    std::swap(front_, actor);
  }

  mutable std::mutex mutex_;
  caf::actor front_; ///< who gets the messages; the child's for other threads
  std::optional<kept> child_;
};

} // namespace

caf::actor spawn_keeper(caf::actor_system& system, node_context& node, child_spec spec) {
  return system.spawn<keeper>(&node, std::move(spec));
}

} // namespace agentmon
