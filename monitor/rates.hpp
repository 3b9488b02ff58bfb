#pragma once
#include "monitor/reading.hpp"

#include <tl/expected.hpp>

#include <optional>
#include <string>

namespace agentmon::monitor {

/// A figure, or in words why it is unknown. Never 0 for want of something better.
using figure = tl::expected<double, std::string>;

/// What is told of a machine in one reading.
struct figures {
  figure cpu_percent;  ///< 100: all of its processors
  figure memory_used;  ///< bytes that nothing else could get
  figure memory_total; ///< bytes
  figure disk_used;    ///< bytes of the file system at /, else of the largest one
  figure disk_total;   ///< bytes of the same
  figure received;     ///< bytes a second over all interfaces
  figure sent;
  figure disk_read; ///< bytes a second over all disks
  figure disk_written;
  figure load_1; ///< processes that run or wait to, over the last minute
  figure uptime; ///< seconds since the machine was booted
};

/// Makes figures of raw counters: a rate is a counter's growth between two readings over the time that really lay
/// between them, so a reading that was missed or late changes nothing. After a restart of the machine or of the monitor
/// the first reading has no rates. For one machine; one thread at a time.
class rates {
public:
  figures of(const reading&);

private:
  std::optional<outside_view> outside_; ///< the last ones that were read
  std::optional<inside_view> inside_;
};

} // namespace agentmon::monitor
