#include "services/server.hpp"

#include "protocol/log.hpp"
#include "services/files.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <set>
#include <sys/file.h>
#include <unistd.h>

namespace agentmon::service {
namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

/// Signals the processes in a folder, new ones too, until there are none. False when some are left at the deadline.
result<bool> end_processes(const fs::path& folder, const server_traits& traits, int signal,
                           clock::time_point deadline) {
  std::set<pid_t> signalled;
  for (;;) {
    const auto found = processes_in(folder, traits.programs, held_descriptor);
    if (!found) return tl::unexpected{found.error()};
    if (found->empty()) return true;
    for (const auto& it : *found) {
      if (signalled.insert(it.id()).second) it.signal(signal);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0 || !found->front().wait_for(left)) return false;
  }
}

} // namespace

result<server> server::claim(const fs::path& data, server_traits traits) {
  if (const auto made = make_private_folder(fs::absolute(data)); !made) return tl::unexpected{made.error()};
  std::error_code error;
  const auto folder = fs::canonical(data, error);
  if (error) return fail(fault::unavailable, "cannot enter " + data.string() + ": " + error.message());
  const auto path = folder / (traits.name + ".lock");
  descriptor lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock)
    return fail(fault::unavailable, "cannot open " + path.string() + ": " + std::system_category().message(errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(fault::unavailable, "the private " + traits.title + " in " + folder.string()
                                        + " belongs to another agentmon that runs (process "
                                        + read_file(path).value_or("unknown")
                                        + "); stop that one, or set AGENTMON_DATA_DIR to another folder");
  const auto id = std::to_string(::getpid()) + "\n";
  // Only the message above reads it, so a failure to write it is no failure.
  if (::ftruncate(lock.get(), 0) == 0) [[maybe_unused]]
    const auto n = ::pwrite(lock.get(), id.data(), id.size(), 0);
  return server{folder, std::move(traits), std::move(lock)};
}

server::~server() {
  if (!lock_) return; // moved from
  if (const auto stopped = stop(); !stopped) log::error(traits_.name, stopped.error().message);
}

result<void> server::stop_left_over(const fs::path& folder) const {
  struct attempt {
    int signal;
    std::chrono::milliseconds patience;
  };
  for (const auto [signal, patience] :
       {attempt{traits_.stop_signal, traits_.stop_timeout}, attempt{traits_.quit_signal, limits::service_quit_timeout},
        attempt{SIGKILL, limits::service_quit_timeout}}) {
    const auto ended = end_processes(folder, traits_, signal, clock::now() + patience);
    if (!ended) return tl::unexpected{ended.error()};
    if (*ended) return {};
    log::warn(traits_.name, "does not end, using more force",
              {{"signal", signal}, {"waited_ms", patience.count()}, {"folder", folder.string()}});
  }
  return fail(fault::timeout, "processes of the private " + traits_.title + " in " + folder.string()
                                  + " do not end, not even killed; see what the disk does (dmesg), then try again");
}

result<void> server::launch(command what, const fs::path& folder) {
  std::error_code ignored; // an absent log has no size, and one that cannot be renamed grows on
  if (fs::file_size(log(), ignored) > limits::service_log_bytes && !ignored)
    fs::rename(log(), log().string() + ".old", ignored);
  log_start_ = fs::exists(log(), ignored) ? fs::file_size(log(), ignored) : 0;

  const descriptor held{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!held)
    return fail(fault::unavailable, "cannot open " + folder.string() + ": " + std::system_category().message(errno));
  what.held = held.get();
  what.output = log();
  auto started = child::start(what);
  if (!started) return tl::unexpected{started.error()};
  folder_ = folder;
  child_ = std::move(*started);
  return {};
}

result<void> server::stop() {
  if (!child_) return {};
  auto stopped = stop_left_over(folder_);
  if (stopped) child_->wait_for(limits::service_quit_timeout); // has ended; only takes its remains away
  return stopped;
}

std::string server::ending() const {
  if (!child_) return traits_.title + " was not started";
  constexpr uintmax_t enough = 16 * limits::KiB;
  std::error_code error;
  const auto size = fs::file_size(log(), error);
  std::ifstream file{log()};
  file.seekg(static_cast<std::streamoff>(error ? 0 : std::max(log_start_, size - std::min(size, enough))));
  const std::string lines{std::istreambuf_iterator<char>{file}, {}};
  const auto said = last_lines(lines, 5);
  return traits_.title + " " + child_->ending() + (said.empty() ? "" : "; it said: " + said) + " (" + log().string()
         + ")";
}

} // namespace agentmon::service
