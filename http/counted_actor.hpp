#pragma once
#include <caf/actor_cast.hpp>
#include <caf/invoke_message_result.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/stateful_actor.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <pthread.h>
#include <utility>

namespace agentmon {

/// What an actor counts of itself: all messages, also its own ticks and the answers to what it asked. The difference is
/// its mailbox with the message in hand. Safe to read from any thread; outlives the actor.
struct message_counts {
  std::atomic<uint64_t> came{0};
  std::atomic<uint64_t> handled{0};
};

/// An actor that counts; CAF itself tells nobody but the actor how long its mailbox is.
class counting {
public:
  const std::shared_ptr<message_counts>& counts() const { return counts_; }

protected:
  counting() = default;
  ~counting() = default;

private:
  std::shared_ptr<message_counts> counts_ = std::make_shared<message_counts>();
};

/// The actor class `Base` with counting: what supervision sees of it.
template <class Base>
class counted : public Base, public counting {
public:
  template <class... Arguments>
  explicit counted(caf::actor_config& config, Arguments&&... arguments)
      : Base(config, std::forward<Arguments>(arguments)...) {}

  using Base::consume;
  using Base::enqueue;

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) override {
    counts()->came.fetch_add(1, std::memory_order_relaxed);
    Base::enqueue(std::move(what), host);
  }

  caf::invoke_message_result consume(caf::mailbox_element& message) override {
    const auto counts = this->counts(); // the message may be this actor's last
    if (!std::exchange(named_, true) && this->getf(caf::abstract_actor::is_detached_flag))
      pthread_setname_np(pthread_self(), this->name()); // its thread, for top and gdb
    const auto outcome = Base::consume(message);
    if (outcome != caf::invoke_message_result::skipped) counts->handled.fetch_add(1, std::memory_order_relaxed);
    return outcome;
  }

private:
  bool named_ = false;
};

/// The self pointer of an actor that is started by a function: `counted_pointer<self_actor, its_state> self`.
template <class Interface, class State>
using counted_pointer = counted<caf::stateful_actor<State, typename Interface::base>>*;

/// The counts of a local actor; null when it does not count.
template <class Handle>
std::shared_ptr<const message_counts> counts_of(const Handle& actor) {
  auto* const counter = dynamic_cast<counting*>(caf::actor_cast<caf::abstract_actor*>(actor));
  return counter == nullptr ? nullptr : counter->counts();
}

} // namespace agentmon
