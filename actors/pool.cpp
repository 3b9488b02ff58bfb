#include "actors/keeper.hpp"
#include "actors/kept.hpp"
#include "actors/messages.hpp"

#include <algorithm>
#include <deque>

namespace agentmon {
namespace {

struct pool_state {
  explicit pool_state(caf::event_based_actor* actor) : self{actor} {}

  struct member {
    std::unique_ptr<kept> child;
    bool busy = false;
    caf::strong_actor_ptr asker; ///< of what it has in hand
    caf::message_id question;
  };

  void begin(node_context& node, const child_spec& spec, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      auto own = spec;
      own.name += '-' + std::to_string(i + 1);
      members.push_back(
          {std::make_unique<kept>(self, node, std::move(own), i, [this, i] { changed(i); }), false, {}, {}});
    }
    for (const auto& each : members) each.child->start();
  }

  caf::result<caf::message> take(caf::message message) {
    const auto* const element = self->current_mailbox_element();
    auto copy = caf::make_mailbox_element(element->sender, element->mid, {}, std::move(message));
    if (const auto free = find_free(); free != members.end())
      give(*free, std::move(copy));
    else if (waiting.size() >= bound)
      return to_error({fault::overload, "too many questions are waiting; try again in a second"});
    else
      waiting.push_back(std::move(copy));
    return caf::delegated<caf::message>{};
  }

  std::vector<member>::iterator find_free() {
    return std::find_if(members.begin(), members.end(), [](const member& m) { return m.child->actor && !m.busy; });
  }

  /// Marks it busy. What is asked after this is answered after the work that it gets now.
  void give(member& m, caf::mailbox_element_ptr work) {
    m.busy = true;
    m.asker = work->sender;
    m.question = work->mid;
    m.child->actor->enqueue(std::move(work), self->context());
    wait_for(static_cast<size_t>(&m - members.data()));
  }

  /// Asks the member to tell when it has answered everything so far.
  void wait_for(size_t index) {
    const auto life = members[index].child->life();
    self->request(members[index].child->actor, limits::answer_timeout, free_atom_v)
        .then([this, index, life](bool) { release(index, life); },
              [this, index, life](caf::error& e) {
                const auto& child = *members[index].child;
                if (e == caf::sec::request_timeout && child.actor && child.life() == life) wait_for(index);
              });
  }

  void release(size_t index, uint64_t life) {
    auto& m = members[index];
    if (life != m.child->life()) return;
    m.busy = false;
    m.asker = nullptr;
    if (waiting.empty() || !m.child->actor) return;
    auto next = std::move(waiting.front());
    waiting.pop_front();
    give(m, std::move(next));
  }

  /// A member has come or gone.
  void changed(size_t index) {
    auto& m = members[index];
    if (m.child->actor) return release(index, m.child->life());
    // One that hangs cannot answer; should it do so after all, nobody waits for that any more.
    if (m.busy && m.asker && m.question.is_request())
      m.asker->enqueue(caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(self), m.question.response_id(),
                                                 {}, caf::make_message(away(m.child->name()))),
                       self->context());
    m.asker = nullptr;
  }

  void down(const caf::down_msg& message) {
    for (const auto& m : members)
      if (m.child->down(message)) break;
    if (std::all_of(members.begin(), members.end(), [](const member& m) { return m.child->has_ended(); }))
      self->quit(message.reason);
  }

  void end(const caf::error& reason) {
    bool is_over = true;
    for (const auto& m : members)
      if (m.child->end(reason)) is_over = false;
    if (is_over) self->quit(reason);
  }

  caf::event_based_actor* self;
  size_t bound = 0;
  std::vector<member> members; ///< never resized, so that an index stays good
  std::deque<caf::mailbox_element_ptr> waiting;
  static inline const char* name = "pool";
};

caf::behavior pool(caf::stateful_actor<pool_state>* self, node_context* node, const child_spec& spec, size_t count,
                   size_t waiting) {
  auto& state = self->state;
  state.bound = waiting;
  state.begin(*node, spec, count);
  self->set_down_handler([&state](caf::down_msg& down) { state.down(down); });
  self->set_exit_handler([&state](caf::exit_msg& exit) { state.end(exit.reason); });
  self->set_default_handler([&state](caf::scheduled_actor*, caf::message_view& view) -> caf::result<caf::message> {
    return state.take(view.move_content_to_message());
  });
  return {
      [&state](const upkeep& order) { state.members[order.index].child->take(order); },
  };
}

} // namespace

caf::actor spawn_pool(caf::actor_system& system, node_context& node, child_spec spec, size_t count, size_t waiting) {
  return system.spawn(pool, &node, std::move(spec), count, waiting);
}

} // namespace agentmon
