#include "services/process.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace agentmon::service {
namespace {

namespace fs = std::filesystem;

pid_t to_process_id(const std::string& text) {
  pid_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc{} && end == text.data() + text.size() ? id : 0;
}

bool is_link_to(const fs::path& link, const fs::path& target) {
  std::error_code error;
  return fs::read_symlink(link, error) == target && !error;
}

/// What /proc/ID/stat says: the name in parentheses (it may hold any character) and the parent.
struct identity {
  std::string name;
  pid_t parent = 0;
};

identity read_identity(const fs::path& entry) {
  std::ifstream file{entry / "stat"};
  // A process that ends meanwhile makes the read fail, which getline takes for the end and an iterator for an
  // exception.
  std::string line;
  std::getline(file, line, '\0');
  const auto open = line.find('(');
  const auto close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 4 >= line.size()) return {};
  const auto parent = line.substr(close + 4, line.find(' ', close + 4) - close - 4); // ") S PARENT ..."
  return {line.substr(open + 1, close - open - 1), to_process_id(parent)};
}

} // namespace

result<process> process::open(pid_t id) {
  // By number: Debian 12's <sys/pidfd.h> cannot be linked from C++.
  descriptor handle{static_cast<int>(::syscall(SYS_pidfd_open, id, 0))};
  if (handle) return process{id, std::move(handle)};
  if (errno == ESRCH) return fail(fault::not_found, "there is no process " + std::to_string(id));
  return fail(fault::unavailable, "cannot watch process " + std::to_string(id) + ": "
                                      + std::system_category().message(errno) + "; Linux 5.3 or later is needed");
}

bool process::wait_for(std::chrono::milliseconds timeout) const {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + timeout;
  pollfd ended{handle_.get(), POLLIN, 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    const int ready = ::poll(&ended, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

void process::signal(int number) const { ::syscall(SYS_pidfd_send_signal, handle_.get(), number, nullptr, 0); }

std::string process::reap() const {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(handle_.get()), &info, WEXITED) != 0) {
    if (errno != EINTR) return "ended, nobody knows how: " + std::system_category().message(errno);
  }
  const auto number = std::to_string(info.si_status);
  if (info.si_code == CLD_EXITED) return "exited with status " + number;
  const char* description = ::sigdescr_np(info.si_status);
  return "was ended by signal " + number + " (" + (description ? description : "unknown") + ")";
}

result<std::vector<process>> processes_in(const fs::path& folder, const std::vector<std::string>& programs, int held) {
  std::map<pid_t, pid_t> parents;
  std::vector<process> found;
  std::error_code error;
  for (fs::directory_iterator entry{"/proc", error}, end; !error && entry != end; entry.increment(error)) {
    const auto id = to_process_id(entry->path().filename().string());
    if (id == 0) continue;
    // Opened before it is looked at: what is then true of the number is true of the handle.
    auto candidate = process::open(id);
    if (!candidate) {
      if (candidate.error().code == fault::not_found) continue;
      return tl::unexpected{candidate.error()};
    }
    const auto identity = read_identity(entry->path());
    if (std::find(programs.begin(), programs.end(), identity.name) == programs.end()) continue;
    if (!is_link_to(entry->path() / "cwd", folder) && !is_link_to(entry->path() / "fd" / std::to_string(held), folder))
      continue;
    parents.emplace(id, identity.parent);
    found.push_back(std::move(*candidate));
  }
  if (error) return fail(fault::unavailable, "cannot read /proc: " + error.message());
  std::erase_if(found, [&](const process& it) { return parents.contains(parents.at(it.id())); });
  return found;
}

} // namespace agentmon::service
