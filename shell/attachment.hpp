#pragma once
#include "actors/interfaces.hpp"
#include "control/middleman.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/failure.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace agentmon::shell {

struct bond;

/// The way to one node, as a CAF peer of it. When the node goes away, an actor looks for it until it is back; who asks
/// meanwhile waits. Every wait ends early when the user interrupts (commands/interrupt.hpp). For one thread.
class attachment {
public:
  /// `told` hears, on another thread, that the node has gone or is back; never after the end of this.
  attachment(caf::actor_system&, const control::link&, const endpoint&, std::function<void(const std::string&)> told);
  ~attachment();
  attachment(const attachment&) = delete;
  attachment& operator=(const attachment&) = delete;

  /// Waits for the outcome of the first try. fault::unavailable, with the reason.
  result<void> attached() const;

  bool is_there() const;

  /// How often it has gone so far.
  uint64_t losses() const;

  /// The node's answer, as JSON. A node that goes away meanwhile is waited for, at most limits::shell_patience, and
  /// asked again.
  result<std::string> ask(const query&) const;

  /// Frames of the live feed behind `since`, likewise.
  result<std::string> tail(const live_filter&, uint64_t since) const;

  /// Has it done. What was underway when the node went away is not said again: whether it was done is not known.
  result<std::string> instruct(const instruction&) const;

private:
  result<void> wait() const;
  template <class... Words>
  result<std::string> request(const Words&...) const;
  template <class... Words>
  result<std::string> request_again(const Words&...) const;

  caf::actor_system& system_;
  std::shared_ptr<bond> bond_;
};

} // namespace agentmon::shell
