#include "services/child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace agentmon::service {
namespace {

std::string reason(int error) { return std::system_category().message(error); }

enum class step : int { descriptors, user, orphan, folder, program };

const char* to_string(step s) {
  switch (s) {
  case step::descriptors: return "cannot hand over its open files";
  case step::user: return "cannot become the user that it shall run as";
  case step::orphan: return "its parent has ended";
  case step::folder: return "cannot enter its working directory";
  case step::program: return "cannot execute it";
  }
  return "failed";
}

struct report {
  step where;
  int error;
};

/// All that the child needs, made before the fork, because after it memory may not be allocated.
struct plan {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const char* folder;
  int input, output, held, report;
  const account* user;
  int signal_when_orphaned;
  pid_t parent;
};

[[noreturn]] void give_up(int to, step where) {
  const report it{where, errno};
  // Nobody is left to tell when even this fails.
  [[maybe_unused]] const auto written = ::write(to, &it, sizeof it);
  ::_exit(127);
}

/// The child's side, from fork to exec: a copy of a process with many threads, of which only this one came along. Only
/// async-signal-safe calls, and raw system calls where the C library would want to tell its other threads.
[[noreturn]] void become(const plan& it) {
  // Out of the way of the numbers 0 to 3 first; these copies vanish with the exec.
  constexpr int low = 10;
  const int to = ::fcntl(it.report, F_DUPFD_CLOEXEC, low);
  const int input = ::fcntl(it.input, F_DUPFD_CLOEXEC, low);
  const int output = ::fcntl(it.output, F_DUPFD_CLOEXEC, low);
  const int held = it.held < 0 ? -1 : ::fcntl(it.held, F_DUPFD_CLOEXEC, low);
  if (::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0
      || (it.held >= 0 && ::dup2(held, held_descriptor) < 0))
    give_up(to, step::descriptors);
  // Ours are close-on-exec by birth; this is for what libraries opened. A kernel before 5.11 cannot, and may.
  ::syscall(SYS_close_range, it.held >= 0 ? held_descriptor + 1 : held_descriptor, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);

  ::setsid();
  ::umask(077);
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &usual, nullptr);

  if (it.user
      && (::syscall(SYS_setgroups, it.user->groups.size(), it.user->groups.data()) != 0
          || ::syscall(SYS_setresgid, it.user->group, it.user->group, it.user->group) != 0
          || ::syscall(SYS_setresuid, it.user->user, it.user->user, it.user->user) != 0))
    give_up(to, step::user);
  // After the change of user, which clears it.
  if (::prctl(PR_SET_PDEATHSIG, it.signal_when_orphaned) != 0) give_up(to, step::orphan);
  if (::getppid() != it.parent) give_up(to, step::orphan);
  if (::chdir(it.folder) != 0) give_up(to, step::folder);

  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::execve(it.arguments.front(), it.arguments.data(), it.environment.data());
  give_up(to, step::program);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str())); // execve does not write to them
  list.push_back(nullptr);
  return list;
}

result<descriptor> text_file(const std::string& text) {
  descriptor file{::memfd_create("agentmon", MFD_CLOEXEC)};
  if (!file || ::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return fail(fault::unavailable,
                "cannot hold " + std::to_string(text.size()) + " bytes in memory: " + reason(errno));
  return file;
}

std::string content(const descriptor& file) {
  std::string text;
  std::array<char, 4096> part; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by pread
  for (;;) {
    const auto n = ::pread(file.get(), part.data(), part.size(), static_cast<off_t>(text.size()));
    if (n <= 0) return text;
    text.append(part.data(), static_cast<size_t>(n));
  }
}

/// Forks with every signal blocked: a handler of ours must not run in the child, where it would act on what we share.
pid_t fork_into(const plan& it) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t id = ::fork();
  if (id == 0) become(it);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return id;
}

result<process> launch(const command& what, const descriptor& input, const descriptor& output) {
  const auto& program = what.arguments.front();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(fault::unavailable, "cannot open a pipe: " + reason(errno));
  const descriptor from{ends[0]};
  descriptor to{ends[1]};

  const plan it{pointers(what.arguments),
                pointers(what.environment),
                what.folder.c_str(),
                input.get(),
                output.get(),
                what.held,
                to.get(),
                what.user ? &*what.user : nullptr,
                what.signal_when_orphaned,
                ::getpid()};
  const pid_t id = fork_into(it);
  if (id < 0) return fail(fault::unavailable, "cannot start " + program + ": " + reason(errno));
  auto handle = process::open(id);
  if (!handle) {
    ::kill(id, SIGKILL);
    ::waitpid(id, nullptr, 0);
    return handle;
  }
  // The other end closes by itself when the program is executed.
  to = descriptor{};
  report told{};
  ssize_t n = 0;
  do n = ::read(from.get(), &told, sizeof told);
  while (n < 0 && errno == EINTR);
  if (n == 0) return handle;
  handle->reap();
  return fail(fault::invalid, "cannot start " + program + ": " + to_string(told.where) + ": " + reason(told.error));
}

} // namespace

result<account> account::named(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16384> texts; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by getpwnam_r
  ::getpwnam_r(name.c_str(), &entry, texts.data(), texts.size(), &found);
  if (!found) return fail(fault::not_found, "this machine has no user " + name);
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  if (::getgrouplist(name.c_str(), entry.pw_gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<size_t>(count));
    ::getgrouplist(name.c_str(), entry.pw_gid, groups.data(), &count);
  }
  groups.resize(static_cast<size_t>(std::max(count, 0)));
  return account{entry.pw_uid, entry.pw_gid, std::move(groups), name};
}

result<child> child::start(const command& what) {
  const auto input = text_file(what.input);
  if (!input) return tl::unexpected{input.error()};
  const descriptor output{::open(what.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  if (!output) return fail(fault::unavailable, "cannot write " + what.output.string() + ": " + reason(errno));
  return launch(what, *input, output).map([](process&& it) { return child{std::move(it)}; });
}

child::~child() {
  if (!process_ || !running()) return;
  process_->signal(SIGKILL);
  process_->reap();
}

bool child::wait_for(std::chrono::milliseconds timeout) {
  if (ending_) return true;
  if (!process_->wait_for(timeout)) return false;
  ending_ = process_->reap();
  return true;
}

result<std::string> run(command what, std::chrono::milliseconds timeout) {
  const auto output = text_file({});
  if (!output) return tl::unexpected{output.error()};
  what.output = "/proc/self/fd/" + std::to_string(output->get());
  auto started = child::start(what);
  if (!started) return tl::unexpected{started.error()};
  const auto program = std::filesystem::path{what.arguments.front()}.filename().string();
  if (!started->wait_for(timeout))
    return fail(fault::timeout, program + " was not done after " + std::to_string(timeout.count()) + " ms");
  auto text = content(*output);
  if (started->ending() == "exited with status 0") return text;
  return fail(fault::unavailable, program + " " + started->ending() + ": " + last_lines(text, 5));
}

std::string last_lines(std::string_view text, size_t lines) {
  std::string tail;
  while (lines > 0 && !text.empty()) {
    const auto start = text.rfind('\n');
    const auto line = start == text.npos ? text : text.substr(start + 1);
    text = start == text.npos ? std::string_view{} : text.substr(0, start);
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    tail.insert(0, tail.empty() ? "" : " | ").insert(0, line);
    --lines;
  }
  return tail;
}

} // namespace agentmon::service
