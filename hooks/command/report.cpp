// The command of every hook: keeps what the agent says in a file of the inbox and returns; report.mjs tells the gateway
// about it in the background. It prints nothing to standard output, because agents show that to the model, and it
// always succeeds, because a failure could stop the agent. The agent waits for it, so it uses the C library only:
// loading that of C++ would take longer than all it does.
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

constexpr int reader_priority = 5;     // its start should not slow the agent down, nor a busy machine hold it up
constexpr size_t piece_bytes = 65'536; // what a pipe holds
constexpr int lock_number = 3;         // the reader's descriptor of the lock

using path = std::array<char, PATH_MAX>;

/// false: it is too long.
bool join(path& to, const char* folder, const char* name) {
  const int length = std::snprintf(to.data(), to.size(), "%s/%s", folder, name);
  return length > 0 && static_cast<size_t>(length) < to.size();
}

void complain(const char* about, const char* what) { std::fprintf(stderr, "agentmon: %s%s\n", about, what); }

/// The Node that the installer found, else the one that a shell would find.
bool find_node(path& node, const char* folder) {
  if (join(node, folder, "node") && ::access(node.data(), X_OK) == 0) return true;
  const char* rest = std::getenv("PATH"); // NOLINT(concurrency-mt-unsafe): there is one thread
  while (rest != nullptr && *rest != '\0') {
    const size_t length = std::strcspn(rest, ":");
    const int written =
        std::snprintf(node.data(), node.size(), "%.*s/node", static_cast<int>(length), length == 0 ? "." : rest);
    if (written > 0 && static_cast<size_t>(written) < node.size() && ::access(node.data(), X_OK) == 0) return true;
    rest += rest[length] == ':' ? length + 1 : length;
  }
  return false;
}

bool write_all(int file, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(file, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

bool copy_standard_input(int file) {
  std::array<char, piece_bytes> piece{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    if (!write_all(file, piece.data(), static_cast<size_t>(got))) return false;
  }
}

/// The file's name says when this was said, in microseconds: its own time would be too coarse to tell the order.
/// Codex's notify has its message as the last argument, hooks have it on standard input; nullptr stands for the latter.
bool keep(const char* folder, const char* message) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::array<char, 64> last{};
  std::snprintf(last.data(), last.size(), "inbox/%010lld%06ld-%ld", static_cast<long long>(now.tv_sec),
                now.tv_nsec / 1000, static_cast<long>(::getpid()));
  path name{};
  if (!join(name, folder, last.data())) return false;
  const int file = ::open(name.data(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return false;
  bool kept = message == nullptr ? copy_standard_input(file) : write_all(file, message, std::strlen(message));
  kept = ::close(file) == 0 && kept;
  if (!kept) ::unlink(name.data());
  return kept;
}

/// One process reads for all, and looks for a while whether more comes. It holds the lock as long as it lives, as it
/// inherits it from the call that started it. Below zero: there is one.
int take_lock(const char* folder) {
  path name{};
  if (!join(name, folder, "inbox.lock")) return -1;
  const int lock = ::open(name.data(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  // Where the disk knows no locks, each call reads: what two tell at once is stored once.
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return lock;
  ::close(lock);
  return -1;
}

/// In a session of its own: who ends the agent does not end the report.
void start_reader(char* node, const char* folder, int lock) {
  path program{};
  if (!join(program, folder, "report.mjs")) return;
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&files, lock, lock_number); // first: a closed standard stream may have its number
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDERR_FILENO);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  ::setpriority(PRIO_PROCESS, 0, reader_priority); // inherited; this process is done
  std::array<char, 8> number{};
  std::snprintf(number.data(), number.size(), "%d", lock_number);
  std::array<char*, 4> words{node, program.data(), number.data(), nullptr};
  if (::posix_spawn(nullptr, node, &files, &attributes, words.data(), environ) != 0)
    complain(node, " cannot be started, so nothing is reported");
}

} // namespace

int main(int count, char** words) {
  // A full disk and an agent that does not read must not end this process, nor the one that it starts.
  std::signal(SIGXFSZ, SIG_IGN); // NOLINT(concurrency-mt-unsafe)
  std::signal(SIGPIPE, SIG_IGN); // NOLINT(concurrency-mt-unsafe)
  ::umask(S_IRWXG | S_IRWXO);
  char* const folder = words[0];
  char* const slash = std::strrchr(folder, '/');
  if (slash == nullptr) return complain(folder, ": a hook's command must be given with its whole path"), 0;
  *slash = '\0';

  path node{};
  if (!find_node(node, folder))
    return complain("", "Node is not found, so nothing is reported; install it and run: agentmon hooks install"), 0;
  const bool only_read = count == 2 && std::strcmp(words[1], "--read") == 0;
  if (!only_read && !keep(folder, count > 1 ? words[count - 1] : nullptr))
    complain(folder, "/inbox cannot be written, so nothing is reported (is the disk full?)");
  if (const int lock = take_lock(folder); lock >= 0) start_reader(node.data(), folder, lock);
  return 0;
}
