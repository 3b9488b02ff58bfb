#pragma once
#include "actors/backoff.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "bus/connection.hpp"
#include "protocol/limits.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace agentmon {

/// One actor's connection to the bus, made again whenever it is lost. Each connection is an epoch: what an older one
/// still says is ignored. The actor handles (open_atom) by opening, and (lost_atom, epoch, reason) by losing it.
/// What is made from the connection must be ended by the actor before open() and lose().
template <class Actor>
class bus_link {
public:
  explicit bus_link(typename Actor::pointer self) : self_{self} {}

  /// Begins a new epoch.
  result<void> open(const node_context& node) {
    due_ = false;
    connection_.reset();
    const auto where = bus_of(node);
    if (!where) return fail(fault::unavailable, "the private nats-server has not started yet");
    auto opened = bus::connection::open(
        *where, {.on_lost = [self = caf::actor_cast<Actor>(self_), epoch = ++epoch_](std::string reason) {
          caf::anon_send(self, lost_atom_v, epoch, std::move(reason));
        }});
    if (!opened) return tl::unexpected{opened.error()};
    connection_.emplace(std::move(*opened));
    return {};
  }

  /// The epoch is at work: the next failure is tried again soon.
  void settled() { retry_.reset(); }

  /// Ends the epoch, tells `status` why under `name`, and sends open_atom after a while.
  void lose(node_context& node, std::string_view name, const std::string& reason) {
    connection_.reset();
    if (node.servers.nats()) node.status.set(name, condition::away, reason);
    if (due_) return;
    due_ = true;
    // A private server that is still starting is asked for often: it is a matter of a second.
    const auto wait = node.servers.nats() ? retry_.next() : std::chrono::milliseconds{limits::bus_retry_min};
    self_->delayed_send(self_, wait, open_atom_v);
  }

  bool is_of_now(uint64_t epoch) const { return epoch == epoch_ && connection_.has_value(); }
  uint64_t epoch() const { return epoch_; }
  const bus::connection& connection() const { return *connection_; }

private:
  typename Actor::pointer self_;
  std::optional<bus::connection> connection_;
  uint64_t epoch_ = 0;
  bool due_ = false;
  backoff retry_{limits::bus_retry_min, limits::bus_retry_max};
};

} // namespace agentmon
