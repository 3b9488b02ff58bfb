#pragma once
#include "protocol/failure.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace agentmon::monitor {

/// What libvirt says of a domain; hung: it says running, but its QEMU has not answered for longer than
/// limits::hung_after; missing: the hypervisor does not know the domain.
enum class domain_state : uint8_t {
  unknown,
  running,
  paused,
  shutting_down,
  shut_off,
  crashed,
  suspended,
  hung,
  missing
};

/// Counters of one disk or interface since the domain was started.
struct transfer {
  std::string name;
  uint64_t in = 0;  ///< bytes read from the disk, or received
  uint64_t out = 0; ///< bytes written to it, or sent
};

/// One machine as its hypervisor sees it: raw counters, of which rates.hpp makes rates. Absent is unknown.
struct outside_view {
  std::chrono::steady_clock::time_point taken; ///< next to the call that read the counters
  domain_state state = domain_state::unknown;
  std::string reason;                   ///< libvirt's word for why it is in that state, such as "user"; may be empty
  std::optional<int32_t> id;            ///< another one after each start of the domain
  std::optional<uint64_t> cpu_time;     ///< nanoseconds, of all processors together
  std::optional<uint32_t> processors;   ///< virtual ones in use
  std::optional<uint64_t> memory_total; ///< bytes, as the balloon gives them now
  std::optional<uint64_t> memory_available; ///< bytes, as the guest sees its memory
  std::optional<uint64_t> memory_usable;    ///< bytes that the guest could give to a program: its MemAvailable
  std::optional<uint64_t> memory_resident;  ///< bytes of the host
  std::vector<transfer> disks;
  std::vector<transfer> networks;
  std::optional<uint64_t> image_bytes;     ///< what the disk images may hold
  std::optional<uint64_t> image_allocated; ///< what they take on the host
};

/// A view, or why there is none: unavailable (no hypervisor answers; says why), timeout, or invalid (a URI that libvirt
/// does not take).
using outside_reading = result<outside_view>;

} // namespace agentmon::monitor
