#pragma once
#include "monitor/instance.hpp"
#include "monitor/outside.hpp"

#include <functional>
#include <memory>

namespace agentmon::monitor {

/// Reads domains through libvirt without ever waiting for it: a libvirt call can hang for ever and has crashed its
/// process, so each URI has a helper process of its own, which is killed and started again when it does not answer
/// within limits::hypervisor_timeout. Those who ask about domains of one URI at about the same time share one bulk
/// call. Safe from any thread.
class hypervisors {
public:
  /// Told exactly once for each read(), on a thread of this object, and not after its destructor has begun to return.
  using tell = std::function<void(outside_reading)>;

  hypervisors();
  hypervisors(const hypervisors&) = delete;
  hypervisors& operator=(const hypervisors&) = delete;
  ~hypervisors(); ///< who still waits is told stopping

  /// Answers within limits::hypervisor_timeout twice over at most.
  void read(const libvirt_place&, tell);

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace agentmon::monitor
