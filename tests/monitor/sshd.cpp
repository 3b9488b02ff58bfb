#include "sshd.hpp"

#include "services/files.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <fstream>
#include <netinet/in.h>
#include <pwd.h>
#include <sstream>
#include <sys/socket.h>

namespace agentmon::monitor::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using service::testing::eventually;
using service::testing::must;

sockaddr_in loopback(uint16_t port) {
  sockaddr_in it{};
  it.sin_family = AF_INET;
  it.sin_port = htons(port);
  it.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return it;
}

bool takes_connections(uint16_t port) {
  const service::descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto to = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
}

void write(const fs::path& file, const std::string& text) { must(service::write_private_file(file, text)); }

/// Of each process: its parent.
std::vector<std::pair<pid_t, pid_t>> processes() {
  std::vector<std::pair<pid_t, pid_t>> list;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator{"/proc", gone}) {
    const auto id = entry.path().filename().string();
    if (!std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; })) continue;
    const auto text = service::read_file(entry.path() / "stat");
    if (!text || text->rfind(')') == std::string::npos) continue;
    std::istringstream rest{text->substr(text->rfind(')') + 1)};
    char state = 0;
    pid_t parent = 0;
    if (rest >> state >> parent && state != 'Z') list.emplace_back(std::stoi(id), parent);
  }
  return list;
}

/// All processes below one, and itself.
std::vector<pid_t> family_of(pid_t first) {
  std::vector<pid_t> family{first};
  const auto all = processes();
  for (size_t i = 0; i < family.size(); ++i)
    for (const auto& [id, parent] : all)
      if (parent == family[i]) family.push_back(id);
  return family;
}

const std::vector<std::string> environment{"PATH=/usr/bin:/bin:/usr/sbin:/sbin"};

} // namespace

uint16_t free_port() {
  const service::descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto at = loopback(0);
  socklen_t size = sizeof at;
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), size) == 0);
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
  return ntohs(at.sin_port);
}

sshd::sshd(const sshd_traits& it) {
  make_key("user", {"-t", "ed25519"});
  authorize("");
  start(it);
}

fs::path sshd::make_key(const std::string& name, const std::vector<std::string>& how) const {
  const auto file = folder_.path / name;
  if (fs::exists(file)) return file;
  std::vector<std::string> arguments{must(service::find_program("ssh-keygen")).string(), "-q", "-f", file.string()};
  arguments.insert(arguments.end(), how.begin(), how.end());
  if (std::ranges::find(how, "-N") == how.end()) arguments.insert(arguments.end(), {"-N", ""});
  must(service::run({.arguments = arguments, .environment = environment}, 60s));
  return file;
}

void sshd::authorize(const std::string& options) const {
  const auto key = service::read_file(folder_.path / "user.pub");
  REQUIRE(key);
  write(folder_.path / "authorized_keys", options + (options.empty() ? "" : " ") + *key + '\n');
}

void sshd::start(const sshd_traits& it) {
  std::ostringstream settings;
  settings << "Port " << port_ << "\nListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nUseDNS no\n"
           << "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
           << "StrictModes no\nAuthorizedKeysFile " << (folder_.path / "authorized_keys").string() << '\n'
           << it.settings << '\n';
  for (const auto& type : it.host_keys)
    settings << "HostKey " << make_key("host_" + type, {"-t", type}).string() << '\n';
  write(folder_.path / "sshd_config", settings.str());

  const auto program = must(service::find_program("sshd")).string();
  std::vector<std::string> arguments{
      program, "-D", "-f", (folder_.path / "sshd_config").string(), "-E", (folder_.path / "sshd.log").string()};
  if (::geteuid() == 0) {
    // Root's sshd wants /run/sshd, which only the package's own start makes; nothing outside sees this one.
    write(folder_.path / "passwd",
          "root:x:0:0::" + folder_.path.string() + ":/bin/sh\nsshd:x:65534:65534::/run/sshd:/usr/sbin/nologin\n");
    const std::string enter = "mount -t tmpfs -o mode=755 tmpfs /run && mkdir -m 755 /run/sshd && "
                              "mount --bind \"$0\" /etc/passwd && exec \"$@\"";
    arguments.insert(arguments.begin(), {must(service::find_program("unshare")).string(), "-m", "/bin/sh", "-c", enter,
                                         (folder_.path / "passwd").string()});
  }
  server_ = must(
      service::child::start({.arguments = arguments, .environment = environment, .output = folder_.path / "sshd.out"}));
  if (!eventually([&] { return !server_->running() || takes_connections(port_); }) || !server_->running())
    FAIL("sshd did not start: ", service::read_file(folder_.path / "sshd.log").value_or(""),
         service::read_file(folder_.path / "sshd.out").value_or(""));
}

void sshd::signal_all(int number) const {
  for (const auto id : family_of(server_->id())) ::kill(id, number);
}

size_t sshd::sessions() const { return family_of(server_->id()).size() - 1; }

void sshd::stop() {
  if (!server_) return;
  signal_all(SIGKILL);
  server_.reset();
}

ssh_place sshd::place(const std::string& host_key) const {
  ssh_place it;
  it.host = "127.0.0.1";
  it.port = port_;
  const passwd* user = ::getpwuid(::geteuid()); // NOLINT(concurrency-mt-unsafe): before there are threads
  it.user = user == nullptr ? "root" : user->pw_name;
  it.key = folder_.path / "user";
  it.known_hosts = folder_.path / ("known_hosts_" + host_key);
  const auto key = service::read_file(make_key("host_" + host_key, {"-t", host_key}).string() + ".pub");
  REQUIRE(key);
  write(it.known_hosts, "[127.0.0.1]:" + std::to_string(port_) + ' ' + *key + '\n');
  return it;
}

} // namespace agentmon::monitor::testing
