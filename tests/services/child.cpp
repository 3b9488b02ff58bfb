#include "services/child.hpp"

#include "services/files.hpp"
#include "services/server.hpp"
#include "temporary.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace agentmon::service {
namespace {

using namespace std::chrono_literals;
using testing::must;
using testing::temporary_folder;

constexpr auto wait_for_ever = "exec tail -f /dev/null";

command shell(const std::string& script) {
  return {.arguments = {"/bin/sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}, .output = "/dev/null"};
}

/// Runs a part of the test in a process of its own that is killed with -9; it writes what the test wants to know.
template <class Part>
std::string in_a_life_that_is_killed(Part part) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const pid_t id = ::fork();
  REQUIRE(id >= 0);
  if (id == 0) {
    const std::string told = part();
    [[maybe_unused]] const auto n = ::write(ends[1], told.data(), told.size());
    for (;;) ::pause();
  }
  std::array<char, 100> text{};
  const auto n = ::read(ends[0], text.data(), text.size());
  ::kill(id, SIGKILL);
  ::waitpid(id, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  return {text.data(), static_cast<size_t>(std::max<ssize_t>(n, 0))};
}

TEST_CASE("a child's end is told in words") {
  auto exits = must(child::start(shell("exit 3")));
  CHECK(exits.wait_for(10s));
  CHECK(exits.ending() == "exited with status 3");
  CHECK_FALSE(exits.running());

  auto killed = must(child::start(shell(wait_for_ever)));
  CHECK(killed.running());
  CHECK_FALSE(killed.wait_for(1ms));
  CHECK(killed.ending() == "runs");
  killed.signal(SIGKILL);
  CHECK(killed.wait_for(10s));
  CHECK(killed.ending() == "was ended by signal 9 (Killed)");
  killed.signal(SIGTERM); // to one that has ended: nothing happens
}

TEST_CASE("what keeps a program from starting is a failure, not an exit status") {
  const auto absent = child::start({.arguments = {"/nonexistent/program"}, .output = "/dev/null"});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().message == "cannot start /nonexistent/program: cannot execute it: No such file or directory");

  auto no_folder = shell("true");
  no_folder.folder = "/nonexistent";
  const auto homeless = child::start(no_folder);
  REQUIRE_FALSE(homeless);
  CHECK(homeless.error().message
        == "cannot start /bin/sh: cannot enter its working directory: No such file or directory");

  auto no_log = shell("true");
  no_log.output = "/nonexistent/log";
  CHECK(child::start(no_log).error().message == "cannot write /nonexistent/log: No such file or directory");
}

TEST_CASE("a child gets what the command says and nothing else") {
  // Neither the test's environment, nor its open files, nor its signal mask reach it.
  const descriptor leak{::open("/dev/null", O_RDONLY)};
  sigset_t blocked, before;
  ::sigfillset(&blocked);
  ::pthread_sigmask(SIG_SETMASK, &blocked, &before);
  ::signal(SIGPIPE, SIG_IGN);
  auto asked = shell("env | sort; ls /proc/self/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status; cat; umask; pwd");
  asked.environment.emplace_back("COLOUR=green");
  asked.input = "read me\n";
  const auto said = must(run(asked, 10s));
  ::signal(SIGPIPE, SIG_DFL);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  // 3 is ls's own look at the folder. PWD is the shell's doing.
  CHECK(said
        == "COLOUR=green\nPATH=/usr/bin:/bin\nPWD=/\n0\n1\n2\n3\n"
           "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nread me\n0077\n/\n");
}

TEST_CASE("a child has a session of its own and the held descriptor") {
  const temporary_folder folder;
  const descriptor held{::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  auto asked = shell("readlink /proc/self/fd/3; ps -o sid= -p $$ | tr -d ' '; echo $$");
  asked.held = held.get();
  const auto said = must(run(asked, 10s));
  const auto lines = said.substr(said.find('\n') + 1);
  const auto session = lines.substr(0, lines.find('\n') + 1);
  CHECK(said == folder.path.string() + "\n" + session + session);
}

TEST_CASE("run tells the last lines of what failed, and kills what takes too long") {
  const auto failed = run(shell("echo first; echo; echo no space left >&2; exit 1"), 10s);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "sh exited with status 1: first | no space left");
  const auto late = run(shell(wait_for_ever), 20ms);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == fault::timeout);
  CHECK(late.error().message == "sh was not done after 20 ms");
}

TEST_CASE("a child that is let go is killed") {
  pid_t id = 0;
  {
    const auto it = must(child::start(shell(wait_for_ever)));
    id = it.id();
  }
  CHECK(process::open(id).error().code == fault::not_found);
}

TEST_CASE("a child ends when its parent is killed") {
  const auto told = in_a_life_that_is_killed([] {
    static auto it = child::start(shell(wait_for_ever));
    return it ? std::to_string(it->id()) : "";
  });
  REQUIRE_FALSE(told.empty());
  const auto orphan = process::open(std::stoi(told));
  CHECK((!orphan || orphan->wait_for(10s)));
}

TEST_CASE("as root a child can be another user, and ends with us all the same") {
  if (::geteuid() != 0) return;
  auto asked = shell("id -un; id -Gn");
  asked.user = must(account::named("nobody"));
  CHECK(must(run(asked, 10s)) == "nobody\nnogroup\n");

  const auto told = in_a_life_that_is_killed([] {
    auto waiting = shell(wait_for_ever);
    waiting.user = *account::named("nobody");
    static auto it = child::start(waiting);
    return it ? std::to_string(it->id()) : "";
  });
  REQUIRE_FALSE(told.empty());
  const auto orphan = process::open(std::stoi(told));
  CHECK((!orphan || orphan->wait_for(10s)));
}

TEST_CASE("processes are found by their name and folder, children of found ones are not") {
  const temporary_folder folder;
  auto inside = shell("tail -f /dev/null & wait");
  inside.folder = folder.path;
  const auto it = must(child::start(inside));
  const auto outside = must(child::start(shell(wait_for_ever)));
  const auto ids = [&](const std::vector<std::string>& programs) {
    std::vector<pid_t> list;
    for (const auto& found : must(processes_in(folder.path, programs, held_descriptor))) list.push_back(found.id());
    return list;
  };
  CHECK(testing::eventually([&] { return ids({"tail"}).size() == 1; }));
  CHECK(ids({"sh", "tail"}) == std::vector{it.id()});
  CHECK(ids({"nats-server"}).empty());
  for (const auto& found : must(processes_in(folder.path, {"tail"}, held_descriptor))) found.signal(SIGKILL);
}

TEST_CASE("a private file replaces what stands there and never follows a link") {
  const temporary_folder folder;
  const auto victim = folder.path / "victim";
  const auto link = folder.path / "link";
  must(write_private_file(victim, "precious"));
  std::filesystem::create_symlink(victim, link);
  must(write_private_file(link, "new\n"));
  CHECK(read_file(victim) == "precious");
  CHECK(read_file(link) == "new");
  CHECK(std::filesystem::status(link).permissions()
        == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK_FALSE(read_file(folder.path / "absent"));
  CHECK_FALSE(read_file(folder.path)); // can be opened, but not read
  CHECK(write_private_file(folder.path / "empty", ""));
  CHECK(read_file(folder.path / "empty") == "");
}

TEST_CASE("a server that does not heed its stop signal is stopped by force, and its end is told") {
  const temporary_folder folder;
  auto it = must(server::claim(folder.path, {.title = "Mule",
                                             .name = "mule",
                                             .programs = {"sh", "tail"},
                                             .stop_signal = SIGTERM,
                                             .quit_signal = SIGUSR1,
                                             .stop_timeout = 20ms}));
  CHECK(it.ending() == "Mule was not started");
  must(it.launch(shell("trap '' TERM; echo ready; tail -f /dev/null; echo unheard; wait"), folder.path));
  CHECK(testing::eventually([&] { return read_file(folder.path / "mule.log") == "ready"; }));
  must(it.stop());
  CHECK(it.ending()
        == "Mule was ended by signal 10 (User defined signal 1); it said: ready (" + folder.path.string()
               + "/mule.log)");
  CHECK(must(processes_in(folder.path, {"sh", "tail"}, held_descriptor)).empty());
}

TEST_CASE("last_lines") {
  CHECK(last_lines("", 3).empty());
  CHECK(last_lines("one\n\n two\nthree\n", 2) == " two | three");
  CHECK(last_lines("one", 2) == "one");
}

} // namespace
} // namespace agentmon::service
