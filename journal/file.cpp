#include "journal/file.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace agentmon::journal_files {
namespace {

constexpr mode_t owner_only = 0600;
constexpr mode_t owner_only_folder = 0700;
constexpr size_t page_bytes = 4096;

tl::unexpected<failure> system_fail(std::string_view what, const std::filesystem::path& path, int error) {
  return tl::unexpected<failure>{system_failure(what, path, error)};
}

} // namespace

failure system_failure(std::string_view what, const std::filesystem::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  std::string message = "cannot ";
  message += what;
  message += ' ';
  message += path.string();
  message += ": ";
  message += std::generic_category().message(error);
  message += full                                ? "; make room on this disk, then send again"
             : error == EACCES || error == EPERM ? "; give this user the right to read and write it"
                                                 : "; check the disk and the system's log";
  return {full ? fault::overload : fault::unavailable, std::move(message)};
}

result<file> file::open(std::filesystem::path path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, owner_only);
  if (descriptor < 0) return system_fail("open", path, errno);
  return file{std::move(path), descriptor};
}

file::file(file&& other) noexcept : path_{std::move(other.path_)}, descriptor_{std::exchange(other.descriptor_, -1)} {}

file& file::operator=(file&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

file::~file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

result<size_t> file::read_at(uint64_t offset, std::span<char> into) const {
  size_t done = 0;
  bool page_by_page = false;
  while (done < into.size()) {
    const uint64_t at = offset + done;
    const size_t rest = into.size() - done;
    const size_t step = page_by_page ? std::min(rest, page_bytes - at % page_bytes) : rest;
    const ssize_t got = ::pread(descriptor_, into.data() + done, step, static_cast<off_t>(at));
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (errno == EIO && !page_by_page) {
      page_by_page = true;
    } else if (errno == EIO) {
      std::fill_n(into.data() + done, step, '\0');
      done += step;
    } else if (errno != EINTR) {
      return system_fail("read", path_, errno);
    }
  }
  return done;
}

result<void> file::write_at(uint64_t offset, std::span<const std::string_view> parts) const {
  std::vector<iovec> vectors;
  vectors.reserve(parts.size());
  for (const auto part : parts) vectors.push_back({const_cast<char*>(part.data()), part.size()});
  size_t next = 0;
  while (next < vectors.size()) {
    const size_t count = std::min(vectors.size() - next, size_t{IOV_MAX});
    const ssize_t written =
        ::pwritev(descriptor_, vectors.data() + next, static_cast<int>(count), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_fail("write", path_, errno);
    offset += static_cast<uint64_t>(written);
    auto rest = static_cast<size_t>(written);
    while (next < vectors.size() && rest >= vectors[next].iov_len) rest -= vectors[next++].iov_len;
    if (rest == 0) continue;
    vectors[next].iov_base = static_cast<char*>(vectors[next].iov_base) + rest;
    vectors[next].iov_len -= rest;
  }
  return {};
}

result<void> file::cut(uint64_t length) const {
  if (::ftruncate(descriptor_, static_cast<off_t>(length)) != 0) return system_fail("cut", path_, errno);
  return {};
}

result<void> file::sync() const {
  if (::fdatasync(descriptor_) != 0) return system_fail("sync", path_, errno);
  return {};
}

result<uint64_t> file::length() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return system_fail("look at", path_, errno);
  return static_cast<uint64_t>(status.st_size);
}

result<bool> file::lock() const {
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return system_fail("lock", path_, errno);
}

result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return {};
  const auto parent = folder.parent_path();
  if (auto made = make_folder(parent); !made) return made;
  if (::mkdir(folder.c_str(), owner_only_folder) != 0 && errno != EEXIST)
    return system_fail("make the folder", folder, errno);
  return sync_folder(parent.empty() ? "." : parent);
}

result<void> sync_folder(const std::filesystem::path& folder) {
  const auto opened = file::open(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) return tl::unexpected{opened.error()};
  return opened->sync();
}

result<uint64_t> free_bytes(const std::filesystem::path& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return system_fail("ask for the free space of", folder, errno);
  return uint64_t{status.f_bavail} * uint64_t{status.f_frsize};
}

result<void> remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_fail("remove", path, errno);
  return {};
}

result<void> replace_file(const std::filesystem::path& path, std::string_view content) {
  auto fresh = path;
  fresh += ".new";
  const auto opened = file::open(fresh, O_WRONLY | O_CREAT | O_TRUNC);
  if (!opened) return tl::unexpected{opened.error()};
  if (auto written = opened->write_at(0, {&content, 1}); !written) return written;
  if (auto synced = opened->sync(); !synced) return synced;
  if (::rename(fresh.c_str(), path.c_str()) != 0) return system_fail("replace", path, errno);
  return sync_folder(path.parent_path());
}

} // namespace agentmon::journal_files
