#include "bus/subscription.hpp"

#include "bus/handles.hpp"
#include "bus/socket_loop.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace agentmon::bus {

struct subscription::state {
  state(const socket_loop& l, subscription::handler h) : loop{l}, handle{std::move(h)} {}
  ~state();
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  static void deliver(natsConnection*, natsSubscription*, natsMsg*, void* self);
  static void told_complete(void* self);

  const socket_loop& loop;
  const subscription::handler handle;
  nats_subscription_handle nats;
  std::atomic<uint64_t> dropped{0};
  std::mutex mutex;
  std::condition_variable changed;
  bool complete = false; ///< the delivering thread has made its last call
};

subscription::state::~state() {
  if (!nats) return;
  natsSubscription_Unsubscribe(nats.get());
  loop.settle();
  nats.reset();
  std::unique_lock lock{mutex};
  changed.wait(lock, [&] { return complete; });
}

void subscription::state::deliver(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
  const nats_message_handle message{raw};
  static_cast<state*>(closure)->handle(message.get());
}

void subscription::state::told_complete(void* closure) {
  auto& self = *static_cast<state*>(closure);
  const std::lock_guard lock{self.mutex};
  self.complete = true;
  self.changed.notify_all(); // under the lock: the waiter destroys us
}

result<subscription> subscription::open(const connection& bus, const std::string& subject, bounds b, handler h) {
  auto made = std::make_unique<state>(bus.loop(), std::move(h));
  const auto failed = [&](natsStatus status) {
    return tl::unexpected{nats_failure(status, "cannot subscribe to " + subject + " at " + bus.where())};
  };
  natsSubscription* raw = nullptr;
  auto status = b.tick.count() > 0
                    ? natsConnection_SubscribeTimeout(&raw, bus.nats(), subject.c_str(), b.tick.count(), state::deliver,
                                                      made.get())
                    : natsConnection_Subscribe(&raw, bus.nats(), subject.c_str(), state::deliver, made.get());
  if (status != NATS_OK) return failed(status);
  nats_subscription_handle owned{raw};
  status = natsSubscription_SetOnCompleteCB(raw, state::told_complete, made.get());
  if (status != NATS_OK) {
    // The connection was lost in between, so that nobody will tell us about the last call. cnats' thread is on its way
    // out and this is the only way to learn that it has gone.
    while (natsSubscription_DrainCompletionStatus(raw) == NATS_ILLEGAL_STATE)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    bus.loop().settle();
    return failed(status);
  }
  made->nats = std::move(owned);
  status = natsSubscription_SetPendingLimits(raw, b.messages, b.bytes);
  if (status != NATS_OK) return failed(status);
  return subscription{std::move(made)};
}

subscription::subscription(std::unique_ptr<state> s) : state_{std::move(s)} {}
subscription::subscription(subscription&&) noexcept = default;
subscription& subscription::operator=(subscription&&) noexcept = default;
subscription::~subscription() = default;

uint64_t subscription::dropped() const {
  int64_t now = 0;
  if (natsSubscription_GetDropped(state_->nats.get(), &now) == NATS_OK) state_->dropped = static_cast<uint64_t>(now);
  return state_->dropped;
}

} // namespace agentmon::bus
