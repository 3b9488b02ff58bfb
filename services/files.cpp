#include "services/files.hpp"

#include "protocol/limits.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace agentmon::service {
namespace {

namespace fs = std::filesystem;

tl::unexpected<failure> cannot(const std::string& what, const fs::path& path, int error) {
  return fail(fault::unavailable,
              "cannot " + what + " " + path.string() + ": " + std::system_category().message(error));
}

result<void> give_to(const fs::path& path, const std::optional<account>& owner) {
  if (owner && ::lchown(path.c_str(), owner->user, owner->group) != 0) return cannot("give away", path, errno);
  return {};
}

/// `how` is fsync, or syncfs for the whole file system that the path is on.
result<void> sync(const fs::path& path, int (*how)(int)) {
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file || how(file.get()) != 0) return cannot("sync", path, errno);
  return {};
}

} // namespace

result<void> make_private_folder(const fs::path& path, const std::optional<account>& owner) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  const bool made = !error && fs::create_directory(path, error);
  if (error) return cannot("make the folder", path, error.value());
  if (!made) return {};
  fs::permissions(path, fs::perms::owner_all, error);
  if (error) return cannot("protect", path, error.value());
  return give_to(path, owner);
}

result<void> write_private_file(const fs::path& path, std::string_view text, const std::optional<account>& owner) {
  ::unlink(path.c_str());
  const descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return cannot("write", path, errno);
  return give_to(path, owner);
}

std::optional<std::string> read_bytes(const fs::path& path) {
  // Not by a stream: its buffer throws when a read fails, as of a folder, or in /proc of a process that has just ended.
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return {};
  std::string text;
  std::array<char, 16 * limits::KiB> part{};
  for (ssize_t got = 0; (got = ::read(file.get(), part.data(), part.size())) != 0;) {
    if (got < 0 && errno != EINTR) return {};
    if (got > 0) text.append(part.data(), static_cast<size_t>(got));
  }
  return text;
}

std::optional<std::string> read_file(const fs::path& path) {
  auto text = read_bytes(path);
  while (text && !text->empty() && text->back() == '\n') text->pop_back();
  return text;
}

result<void> remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return cannot("remove", path, error.value());
  return {};
}

result<void> rename_durably(const fs::path& from, const fs::path& to) {
  return sync(from, ::syncfs)
      .and_then([&]() -> result<void> {
        if (::rename(from.c_str(), to.c_str()) != 0) return cannot("rename " + from.string() + " to", to, errno);
        return {};
      })
      .and_then([&] { return sync(to.parent_path(), ::fsync); });
}

result<fs::path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH"); // NOLINT(concurrency-mt-unsafe): nothing in agentmon changes the environment
  std::string folders = std::string{path ? path : ""} + ":/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin:";
  for (size_t start = 0, end = 0; (end = folders.find(':', start)) != std::string::npos; start = end + 1) {
    const fs::path candidate = fs::path{folders.substr(start, end - start)} / name;
    std::error_code error;
    if (candidate.is_absolute() && fs::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return fail(fault::not_found, "the program " + name + " is not on this machine (PATH, /usr/sbin)");
}

} // namespace agentmon::service
