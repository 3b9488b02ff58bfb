#include "monitor/probe.hpp"

#include "monitor/probe_answer.hpp"
#include "services/files.hpp"
#include "sshd.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <thread>

// The probe is run for real, on this machine, by the shells that guests have.
namespace agentmon::monitor {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using service::testing::must;
using service::testing::temporary_folder;

/// A folder with BusyBox's programs, and none else.
class small_system {
public:
  small_system() {
    must(service::run(
        {.arguments = {must(service::find_program("busybox")).string(), "--install", "-s", folder_.path.string()},
         .environment = {"PATH=/usr/bin:/bin"}},
        30s));
  }

  /// Adds a program, written in sh.
  void add(const std::string& name, const std::string& script) {
    fs::remove(folder_.path / name);
    must(service::write_private_file(folder_.path / name, "#!/bin/sh\n" + script + '\n'));
    fs::permissions(folder_.path / name, fs::perms::owner_all);
  }

  /// Its home is a folder of its own.
  std::string run(const std::string& shell, uint16_t port = 18789) const {
    std::vector<std::string> arguments{must(service::find_program(shell)).string()};
    if (shell == "busybox") arguments.emplace_back("sh");
    arguments.insert(arguments.end(), {"-s", "--", std::to_string(port), "openclaw-gateway.service"});
    return must(service::run({.arguments = arguments,
                              .environment = {"PATH=" + folder_.path.string(), "HOME=" + home().string()},
                              .input = std::string{probe_script()}},
                             60s));
  }

  inside_view view(uint16_t port = 18789) const { return must(parse_probe_answer(run("dash", port))); }

  fs::path home() const { return folder_.path / "home"; }

private:
  temporary_folder folder_;
};

std::vector<std::string> keys_of(const std::string& answer) {
  std::vector<std::string> keys;
  std::istringstream lines{answer};
  for (std::string line; std::getline(lines, line);) keys.push_back(line.substr(0, line.find('=')));
  return keys;
}

/// A socket that listens on a free port of that address.
class listener {
public:
  explicit listener(int family, const std::string& address) : socket_{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_storage at{};
    socklen_t size = sizeof at;
    auto& v4 = reinterpret_cast<sockaddr_in&>(at);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(at);
    at.ss_family = static_cast<sa_family_t>(family);
    REQUIRE(::inet_pton(family, address.c_str(),
                        family == AF_INET ? static_cast<void*>(&v4.sin_addr) : static_cast<void*>(&v6.sin6_addr))
            == 1);
    ready = ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at),
                   family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6))
                == 0
            && ::listen(socket_.get(), 1) == 0;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(v4.sin_port); // at the same place in both
  }

  bool ready = false; ///< false where the machine has no such address
  uint16_t port = 0;

private:
  service::descriptor socket_;
};

TEST_CASE("all shells tell the same") {
  const small_system system;
  const auto first = system.run("dash");
  INFO(first);
  CHECK(keys_of(first).front() == "agentmon-probe");
  CHECK(keys_of(first).back() == "end");
  for (const auto& shell : {"busybox", "bash"}) CHECK(keys_of(system.run(shell)) == keys_of(first));
  CHECK(probe_script().size() < 5000);

  const auto view = must(parse_probe_answer(first));
  CHECK(view.processors == std::thread::hardware_concurrency());
  CHECK(view.kernel == service::read_file("/proc/sys/kernel/osrelease"));
  CHECK(view.boot_id == service::read_file("/proc/sys/kernel/random/boot_id"));
  CHECK_FALSE(view.system.empty());
  CHECK(view.uptime_seconds > 0);
  CHECK(view.load_15.has_value());
  CHECK(view.cpu_total > view.cpu_busy);
  CHECK(view.memory_total > view.memory_available);
  CHECK(view.swap_total.has_value());
  CHECK(view.gateway_processes.has_value());
  CHECK_FALSE(view.unit); // there is no systemctl
  const auto root = std::ranges::find(view.disks, "/", &file_system::mounted_at);
  REQUIRE(root != view.disks.end());
  CHECK(root->total == fs::space("/").capacity);
  const auto skew = std::chrono::system_clock::now() - std::chrono::system_clock::from_time_t(view.clock.value_or(0));
  CHECK(std::chrono::abs(skew) < 1min);
}

TEST_CASE("what listens on the gateway's port is seen, and whether others can reach it") {
  const small_system system;
  const auto nobody = system.view(testing::free_port());
  CHECK(nobody.gateway_listeners == 0);
  CHECK(nobody.gateway_public == false);
  struct bound {
    int family;
    std::string address;
    bool is_public;
  };
  for (const auto& each : std::vector<bound>{{AF_INET, "127.0.0.1", false},
                                             {AF_INET, "127.1.2.3", false},
                                             {AF_INET, "0.0.0.0", true},
                                             {AF_INET6, "::1", false},
                                             {AF_INET6, "::ffff:127.0.0.1", false},
                                             {AF_INET6, "::", true}}) {
    const listener gateway{each.family, each.address};
    if (!gateway.ready) {
      MESSAGE("this machine has no ", each.address);
      continue;
    }
    const auto view = system.view(gateway.port);
    INFO(each.address);
    CHECK(view.gateway_listeners == 1);
    CHECK(view.gateway_public == each.is_public);
  }
}

TEST_CASE("processes of the gateway are found by their name or their arguments") {
  const small_system system;
  const temporary_folder programs;
  const auto before = system.view();
  // tail(1) by another name: the name of a process is that of the file that was executed.
  const auto start = [&](const std::string& name, const std::vector<std::string>& more) {
    fs::create_symlink(must(service::find_program("tail")), programs.path / name);
    std::vector<std::string> arguments{(programs.path / name).string(), "-f", "/dev/null"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return must(service::child::start({.arguments = arguments, .output = "/dev/null"}));
  };
  const auto gateway = start("openclaw-gateway", {});
  const auto by_node = start("node", {"/opt/openclaw/dist/index.js", "gateway"});
  const auto another = start("bun", {"/opt/something/index.js", "gateway"});
  const auto view = system.view();
  // Others may come and go meanwhile: this machine is not ours alone.
  CHECK(view.gateway_processes >= 2);
  CHECK(view.gateway_resident > 0);
  if (before.gateway_processes == 0) CHECK(view.gateway_processes == 2);
}

TEST_CASE("the unit is told as systemd tells it") {
  small_system system;
  const std::string loaded = "echo Result=success; echo NRestarts=3; echo LoadState=loaded; echo ActiveState=active; "
                             "echo SubState=running";
  const std::string absent =
      "echo Result=success; echo NRestarts=0; echo LoadState=not-found; echo ActiveState=inactive";
  const std::string no_bus = "echo Failed to connect to bus: No medium found >&2; exit 1";
  const auto systemctl = [&](const std::string& user, const std::string& machine) {
    system.add("systemctl", "if [ \"$1\" = --user ]; then " + user + "; else " + machine + "; fi");
  };

  SUBCASE("of the user") {
    systemctl(loaded, absent);
    system.add("journalctl", "[ \"$1 $2 $3\" = '--user -u openclaw-gateway.service' ] || exit 1\n"
                             "echo 'Main process exited, code=killed'; echo 'token=abc'");
    const auto view = system.view();
    REQUIRE(view.unit);
    CHECK(view.unit->load_state == "loaded");
    CHECK(view.unit->active_state == "active");
    CHECK(view.unit->sub_state == "running");
    CHECK(view.unit->result == "success");
    CHECK(view.unit->restarts == 3);
    CHECK(view.log_lines == std::vector<std::string>{"Main process exited, code=killed", "token=[redacted]"});
  }
  SUBCASE("of the machine") {
    systemctl(no_bus, loaded);
    CHECK(system.view().unit->active_state == "active");
    systemctl(absent, loaded);
    CHECK(system.view().unit->active_state == "active");
  }
  SUBCASE("there is none") {
    systemctl(absent, absent);
    const auto view = system.view();
    // Where another user's gateway runs, its unit may be one that we cannot see.
    CHECK(view.unit.has_value() == (view.gateway_processes == 0));
    if (view.unit) CHECK(view.unit->load_state == "not-found");
  }
  SUBCASE("it is not known") {
    systemctl(no_bus, absent);
    CHECK_FALSE(system.view().unit);
    systemctl(no_bus, no_bus);
    CHECK_FALSE(system.view().unit);
  }
  SUBCASE("systemd hangs") {
    systemctl("exec sleep 60", "exec sleep 60");
    const auto view = system.view();
    CHECK_FALSE(view.unit);
    CHECK(view.cpu_total > 0);
  }
}

TEST_CASE("the version of OpenClaw stands in its package, which is not started") {
  small_system system;
  CHECK(system.view().agent_version.empty());
  const auto package = system.home() / "lib/node_modules/openclaw";
  fs::create_directories(package);
  fs::create_directories(system.home() / ".npm-global/bin");
  must(service::write_private_file(package / "openclaw.mjs", "exit 1"));
  fs::permissions(package / "openclaw.mjs", fs::perms::owner_all);
  must(service::write_private_file(package / "package.json",
                                   "{\n  \"name\": \"openclaw\",\n  \"version\": \"2026.9.6\",\n"
                                   "  \"engines\": {\n    \"version\": \"1\"\n  }\n}\n"));
  fs::create_symlink(package / "openclaw.mjs", system.home() / ".npm-global/bin/openclaw");
  CHECK(system.view().agent_version == "2026.9.6");
}

TEST_CASE("the command leaves its unit's name to no shell") {
  const temporary_folder folder;
  const auto run = [&](const std::string& shell, const gateway_place& gateway) {
    return must(service::run({.arguments = {shell, "-c", probe_command(gateway)},
                              .environment = {"PATH=/usr/bin:/bin"},
                              .input = "printf '%s|' \"$@\""},
                             30s));
  };
  CHECK(run("/bin/sh", {.port = 1, .unit = "a b.service"}) == "1|a b.service|");
  CHECK(run("/bin/bash", {.port = 65535, .unit = "$(touch x)'; `id`\"\\"}) == "65535|$(touch x)'; `id`\"\\|");
}

} // namespace
} // namespace agentmon::monitor
