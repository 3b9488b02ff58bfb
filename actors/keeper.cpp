#include "actors/keeper.hpp"

#include "actors/backoff.hpp"
#include "actors/messages.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <deque>
#include <mutex>
#include <vector>

namespace agentmon {
namespace {

/// One supervised actor: when it was started, and its crashes.
class kept {
public:
  kept(node_context& node, std::string name, starter start)
      : node_{&node}, name_{std::move(name)}, start_{std::move(start)} {}

  void start(caf::event_based_actor* self) {
    actor = start_(self->system());
    self->monitor(actor);
  }

  /// Notes a crash; gives how long to wait before the next start, or nothing when the budget is used up.
  std::optional<std::chrono::milliseconds> crashed(caf::event_based_actor* self, const caf::error& reason) {
    actor = nullptr;
    const auto at = self->clock().now();
    std::erase_if(crashes_, [&](auto when) { return when < at - limits::restart_window; });
    if (crashes_.empty()) retry_.reset();
    crashes_.push_back(at);
    node_->counts.restarts.Increment();
    log::error("keeper", "an actor crashed",
               {{"actor", name_}, {"reason", self->system().render(reason)}, {"crashes", crashes_.size()}});
    if (crashes_.size() > static_cast<size_t>(limits::restart_budget)) return std::nullopt;
    return retry_.next();
  }

  caf::actor actor; ///< invalid while it is away

private:
  node_context* node_;
  std::string name_;
  starter start_;
  std::vector<caf::actor_clock::time_point> crashes_;
  backoff retry_{limits::restart_min, limits::restart_max};
};

/// Passes the message in hand on, so that the receiver answers its sender directly.
caf::result<caf::message> pass_on(caf::scheduled_actor* self, const caf::actor& to, caf::message message) {
  const auto* const element = self->current_mailbox_element();
  to->enqueue(caf::make_mailbox_element(element->sender, element->mid, {}, std::move(message)), self->context());
  return caf::delegated<caf::message>{};
}

caf::error away(const std::string& name) {
  return to_error({fault::unavailable, "the " + name + " is being restarted; try again in a second"});
}

/// Everything that agentmon's actors say begins with an atom; what CAF tells a supervisor does not.
bool is_for_child(const caf::mailbox_element& element) {
  const auto& content = element.content();
  return content.match_element<caf::atom_value>(0)
         && content.get_as<caf::atom_value>(0) != caf::spawn_atom::get_value();
}

/// Passes messages on within the sender's call: waiting in a mailbox of its own would cost each a thread's wake-up.
class keeper : public caf::event_based_actor {
public:
  keeper(caf::actor_config& config, node_context* node, std::string name, starter start)
      : caf::event_based_actor{config}, name_{std::move(name)}, child_{*node, name_, std::move(start)} {
    begin();
  }

  const char* name() const override { return "keeper"; }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) override {
    if (is_for_child(*what))
      if (const auto to = front()) return to->enqueue(std::move(what), host);
    caf::event_based_actor::enqueue(std::move(what), host);
  }

  caf::behavior make_behavior() override {
    set_down_handler([this](caf::down_msg& down) { lost(down); });
    set_exit_handler([this](caf::exit_msg& exit) {
      ending_ = true;
      if (!child_.actor) return quit(exit.reason);
      send_exit(child_.actor, exit.reason);
    });
    // What came while the child was away.
    set_default_handler([this](caf::scheduled_actor*, caf::message_view& view) -> caf::result<caf::message> {
      if (!child_.actor) return away(name_);
      return pass_on(this, child_.actor, view.move_content_to_message());
    });
    return {
        [this](caf::spawn_atom) {
          if (!ending_) begin();
        },
    };
  }

  void on_exit() override { set_front(nullptr); }

private:
  void begin() {
    child_.start(this);
    set_front(child_.actor);
  }

  void lost(const caf::down_msg& down) {
    if (child_.actor.address() != down.source) return;
    if (ending_) return quit(down.reason);
    const auto wait = child_.crashed(this, down.reason);
    set_front(nullptr);
    if (wait)
      delayed_send(this, *wait, caf::spawn_atom_v);
    else
      quit(down.reason);
  }

  caf::actor front() const {
    const std::lock_guard lock{mutex_};
    return front_;
  }

  void set_front(caf::actor actor) {
    const std::lock_guard lock{mutex_};
    std::swap(front_, actor);
  }

  const std::string name_;
  kept child_;
  bool ending_ = false;
  mutable std::mutex mutex_;
  caf::actor front_; ///< who gets the messages; child_.actor for other threads
};

struct pool_state {
  explicit pool_state(caf::event_based_actor* actor) : self{actor} {}

  struct member {
    kept child;
    bool busy = false;
  };

  caf::result<caf::message> take(caf::message message) {
    if (const auto free = find_free(); free != members.end()) {
      give(*free);
      return pass_on(self, free->child.actor, std::move(message));
    }
    if (waiting.size() >= bound)
      return to_error({fault::overload, "too many questions are waiting; try again in a second"});
    const auto* const element = self->current_mailbox_element();
    waiting.push_back(caf::make_mailbox_element(element->sender, element->mid, {}, std::move(message)));
    return caf::delegated<caf::message>{};
  }

  std::vector<member>::iterator find_free() {
    return std::find_if(members.begin(), members.end(), [](const member& m) { return m.child.actor && !m.busy; });
  }

  /// Marks it busy. What is asked after this is answered after the work that it gets now.
  void give(member& m) {
    m.busy = true;
    self->send(self, free_atom_v, static_cast<uint64_t>(&m - members.data()));
  }

  /// Asks the member to tell when it has answered everything so far.
  void wait_for(size_t index) {
    self->request(members[index].child.actor, limits::answer_timeout, free_atom_v)
        .then([this, index](bool) { release(index); },
              [this, index](caf::error& e) {
                if (e == caf::sec::request_timeout && members[index].child.actor) wait_for(index);
              });
  }

  void release(size_t index) {
    auto& m = members[index];
    m.busy = false;
    if (waiting.empty() || !m.child.actor) return;
    give(m);
    m.child.actor->enqueue(std::move(waiting.front()), self->context());
    waiting.pop_front();
  }

  void down(const caf::down_msg& message) {
    const auto found = std::find_if(members.begin(), members.end(), [&](const member& m) {
      return m.child.actor && m.child.actor.address() == message.source;
    });
    if (found == members.end()) return;
    if (ending) {
      members.erase(found);
      if (members.empty()) self->quit(message.reason);
      return;
    }
    const auto index = static_cast<uint64_t>(found - members.begin());
    if (const auto wait = found->child.crashed(self, message.reason))
      self->delayed_send(self, *wait, caf::spawn_atom_v, index);
    else
      self->quit(message.reason);
  }

  void end(const caf::error& reason) {
    ending = true;
    std::erase_if(members, [](const member& m) { return !m.child.actor; });
    for (const auto& m : members) self->send_exit(m.child.actor, reason);
    if (members.empty()) self->quit(reason);
  }

  caf::event_based_actor* self;
  size_t bound = 0;
  std::vector<member> members; ///< never resized but at the end, so that an index stays good
  std::deque<caf::mailbox_element_ptr> waiting;
  bool ending = false;
  static inline const char* name = "pool";
};

caf::behavior pool(caf::stateful_actor<pool_state>* self, node_context* node, const std::string& name, size_t count,
                   size_t waiting, const starter& start) {
  auto& state = self->state;
  state.bound = waiting;
  for (size_t i = 0; i < count; ++i) {
    state.members.push_back({kept{*node, name, start}});
    state.members.back().child.start(self);
  }
  self->set_down_handler([&state](caf::down_msg& down) { state.down(down); });
  self->set_exit_handler([&state](caf::exit_msg& exit) { state.end(exit.reason); });
  self->set_default_handler([&state](caf::scheduled_actor*, caf::message_view& view) -> caf::result<caf::message> {
    return state.take(view.move_content_to_message());
  });
  return {
      [&state](free_atom, uint64_t index) {
        if (index < state.members.size() && state.members[index].child.actor) state.wait_for(index);
      },
      [&state](caf::spawn_atom, uint64_t index) {
        if (state.ending) return;
        state.members[index].child.start(state.self);
        state.release(index);
      },
  };
}

} // namespace

caf::actor spawn_keeper(caf::actor_system& system, node_context& node, std::string name, starter start) {
  return system.spawn<keeper>(&node, std::move(name), std::move(start));
}

caf::actor spawn_pool(caf::actor_system& system, node_context& node, std::string name, size_t count, size_t waiting,
                      starter start) {
  return system.spawn(pool, &node, std::move(name), count, waiting, std::move(start));
}

} // namespace agentmon
