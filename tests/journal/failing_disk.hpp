#pragma once
#include <csignal>
#include <sys/resource.h>

/// Ways to make the disk fail. fdatasync, ftruncate and pwritev are this test program's own (failing_disk.cpp): they
/// call the system unless a test told them to fail.
namespace agentmon::testing {

struct disk_faults {
  bool sync_fails = false;        ///< of files
  bool folder_sync_fails = false; ///< of folders
  bool cut_fails = false;
  bool writes_are_short = false; ///< each write takes a few bytes only
};
disk_faults& faults();

/// While it lives, writes beyond this many bytes of any file fail with EFBIG, after writing what fits.
class file_size_limit {
public:
  explicit file_size_limit(rlim_t bytes) : former_handler_{std::signal(SIGXFSZ, SIG_IGN)} {
    getrlimit(RLIMIT_FSIZE, &former_);
    const rlimit lowered{bytes, former_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &lowered);
  }
  ~file_size_limit() {
    setrlimit(RLIMIT_FSIZE, &former_);
    std::signal(SIGXFSZ, former_handler_);
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;

private:
  rlimit former_{};
  void (*former_handler_)(int);
};

} // namespace agentmon::testing
