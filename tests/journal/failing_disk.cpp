#include "tests/journal/failing_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace agentmon::testing {

disk_faults& faults() {
  static disk_faults instance;
  return instance;
}

} // namespace agentmon::testing

using agentmon::testing::faults;

extern "C" int fdatasync(int descriptor) {
  struct stat status {};
  const bool is_folder = fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
  if (is_folder ? !faults().folder_sync_fails : !faults().sync_fails)
    return static_cast<int>(syscall(SYS_fdatasync, descriptor));
  errno = EIO;
  return -1;
}

extern "C" int ftruncate(int descriptor, off_t length) noexcept {
  if (!faults().cut_fails) return static_cast<int>(syscall(SYS_ftruncate, descriptor, length));
  errno = EROFS;
  return -1;
}

extern "C" ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
  constexpr size_t few = 7;
  if (!faults().writes_are_short) return syscall(SYS_pwritev, descriptor, parts, count, offset, 0);
  return pwrite(descriptor, parts->iov_base, std::min(parts->iov_len, few), offset);
}
