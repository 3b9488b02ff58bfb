#pragma once
#include "protocol/failure.hpp"
#include "services/descriptor.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace agentmon::service {

/// Any process of this machine, held by a pidfd: once opened, a signal reaches this very process or nobody, even when
/// its number was given to another program in the meantime. Does not own it: destruction leaves it alone.
class process {
public:
  /// fault::not_found when there is no such process, fault::unavailable when the kernel has no pidfd (before 5.3).
  static result<process> open(pid_t);

  pid_t id() const { return id_; }

  /// Waits until the process has ended (a zombie has), at most that long. True when it has ended.
  bool wait_for(std::chrono::milliseconds) const;
  bool running() const { return !wait_for(std::chrono::milliseconds{0}); }

  /// Sends a signal; one that has ended ignores it.
  void signal(int) const;

  /// Waits for an own child's end and takes its remains from the process table; how it ended, in words.
  std::string reap() const;

private:
  process(pid_t id, descriptor handle) : id_{id}, handle_{std::move(handle)} {}

  pid_t id_;
  descriptor handle_;
};

/// The running processes that are named like one of `programs` and use `folder` (an absolute path without symbolic
/// links) as working directory or hold it open as descriptor `held`: what an earlier life of ours left behind. Only
/// those without a parent in the same set are given; the others are their business. Fails when /proc cannot be read.
result<std::vector<process>> processes_in(const std::filesystem::path& folder, const std::vector<std::string>& programs,
                                          int held);

} // namespace agentmon::service
