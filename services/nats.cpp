#include "services/nats.hpp"

#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "services/files.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <poll.h>
#include <string_view>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

namespace agentmon::service {
namespace {

namespace fs = std::filesystem;

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

/// The port if nobody listens on it, or for 0 one that is free; 0 when it is taken.
uint16_t free_port(uint16_t wanted) {
  const descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int yes = 1; // connections of an earlier life that linger do not count; a listener does
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  auto address = loopback(wanted);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), generic(address), size) != 0 || ::listen(socket.get(), 1) != 0
      || ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return 0;
  return ntohs(address.sin_port);
}

uint16_t to_port(const std::string& text) {
  uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

result<std::string> random_password() {
  std::array<unsigned char, 24> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return fail(fault::unavailable, "the kernel gives no random bytes for a password");
  std::string text;
  for (const auto byte : bytes) {
    text += "0123456789abcdef"[byte >> 4U];
    text += "0123456789abcdef"[byte & 15U];
  }
  return text;
}

/// A double-quoted string of nats-server's configuration language.
std::string quoted(const std::string& text) {
  std::string value = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') value += '\\';
    value += c;
  }
  return value + "\"";
}

std::string configuration(uint16_t port, const std::string& password, const fs::path& store) {
  // More than the one stream may take, so that its own bound is the one that is met.
  constexpr uint64_t file_bytes = limits::stream_bytes + limits::GiB;
  constexpr uint64_t message_bytes = 1 * limits::MiB;
  static_assert(message_bytes >= 2 * limits::record_bytes);
  return "# Written by agentmon at each start: changes here are lost.\n"
         "server_name: agentmon\n"
         "host: \"127.0.0.1\"\n"
         "port: "
         + std::to_string(port)
         + "\n"
           "max_payload: "
         + std::to_string(message_bytes)
         + "\n"
           "authorization { user: agentmon, password: "
         + quoted(password)
         + ", timeout: 2 }\n"
           "jetstream {\n"
           "  store_dir: "
         + quoted(store.string())
         + "\n"
           "  max_file_store: "
         + std::to_string(file_bytes)
         + "\n"
           "  max_memory_store: "
         + std::to_string(64 * limits::MiB)
         + "\n"
           "}\n";
}

} // namespace

result<nats> nats::open(const fs::path& data) {
  return server::claim(data, {.title = "nats-server",
                              .name = "nats",
                              .programs = {"nats-server"},
                              .stop_signal = SIGTERM,
                              .quit_signal = SIGKILL})
      .map([](server&& it) { return nats{std::move(it)}; });
}

result<void> nats::start() {
  if (running()) return {};
  const auto program = find_program("nats-server");
  if (!program)
    return fail(fault::invalid, program.error().message
                                    + "; install the package nats-server, or set NATS_URL to a "
                                      "server that runs elsewhere");
  return server_.stop_left_over(folder_).and_then([&] { return configure(); }).and_then([&] {
    return server_.launch({.arguments = {program->string(), "-c", (folder_ / "nats.conf").string()},
                           .environment = {"PATH=/usr/bin:/bin", "HOME=/"}},
                          folder_);
  });
}

result<void> nats::configure() {
  if (auto made = make_private_folder(folder_); !made) return made;
  auto password = read_file(folder_ / "password").value_or("");
  if (password.empty()) {
    const auto fresh = random_password();
    if (!fresh) return tl::unexpected{fresh.error()};
    password = *fresh;
    if (auto written = write_private_file(folder_ / "password", password + "\n"); !written) return written;
  }
  const auto kept = to_port(read_file(folder_ / "port").value_or(""));
  port_ = kept == 0 ? 0 : free_port(kept);
  if (port_ == 0) {
    port_ = free_port(0);
    if (port_ == 0) return fail(fault::unavailable, "no loopback port is free for the private nats-server");
    if (kept != 0)
      log::warn("nats", "the port is taken by another program, using another", {{"old", kept}, {"new", port_}});
    if (auto written = write_private_file(folder_ / "port", std::to_string(port_) + "\n"); !written) return written;
  }
  url_ = "nats://agentmon:" + password + "@127.0.0.1:" + std::to_string(port_);
  return write_private_file(folder_ / "nats.conf", configuration(port_, password, folder_ / "store"));
}

health nats::look() {
  if (!running()) return health::down;
  const descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const auto address = loopback(port_);
  if (::connect(socket.get(), generic(address), sizeof address) != 0 && errno != EINPROGRESS) return health::silent;
  const auto deadline = std::chrono::steady_clock::now() + limits::service_probe_timeout;
  // The server speaks first: INFO {...}\r\n
  std::string greeting;
  while (greeting.find('\n') == std::string::npos) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd readable{socket.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return health::silent;
    std::array<char, 4096> part; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
    const auto n = ::recv(socket.get(), part.data(), part.size(), 0);
    if (n <= 0) return health::silent;
    greeting.append(part.data(), static_cast<size_t>(n));
  }
  const bool complete = greeting.starts_with("INFO ") && greeting.find("\"jetstream\":true") != std::string::npos;
  return complete ? health::ready : health::silent;
}

} // namespace agentmon::service
