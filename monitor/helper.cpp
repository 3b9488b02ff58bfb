#include "monitor/helper.hpp"

#include "protocol/limits.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>

namespace agentmon::monitor {
namespace {

using std::chrono::steady_clock;

/// What libvirt looks at to find sockets, configuration and the programs and agents of qemu+ssh.
std::vector<std::string> environment() {
  std::vector<std::string> list;
  for (const auto* const name : {"HOME", "PATH", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME",
                                 "XDG_CACHE_HOME", "SSH_AUTH_SOCK", "KRB5CCNAME"}) {
    if (const auto* const value = std::getenv(name)) // NOLINT(concurrency-mt-unsafe): nobody here changes it
      list.push_back(std::string{name} + "=" + value);
  }
  return list;
}

} // namespace

result<helper> helper::start(const std::string& uri) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail(fault::unavailable,
                "cannot open a socket for a helper process: " + std::system_category().message(errno));
  service::descriptor ours{ends[0]};
  const service::descriptor theirs{ends[1]};
  auto child = service::child::start({.arguments = {"/proc/self/exe", std::string{helper_command}, uri},
                                      .environment = environment(),
                                      .output = "/dev/null",
                                      .held = theirs.get(),
                                      .signal_when_orphaned = SIGKILL});
  if (!child) return tl::unexpected{child.error()};
  return helper{std::move(*child), std::move(ours)};
}

result<void> helper::ask(const question& what) {
  packer to;
  to.put(what);
  const auto bytes = framed(to.take());
  // The socket's buffer is empty, and larger than a question.
  const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(bytes.size())) return gone();
  return {};
}

result<std::optional<std::string>> helper::take() {
  std::array<char, 64 * limits::KiB> part; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
  for (;;) {
    const auto count = ::recv(socket_.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) return gone();
    received_.append(part.data(), static_cast<size_t>(count));
    uint32_t size = 0;
    if (received_.size() < sizeof size) continue;
    std::memcpy(&size, received_.data(), sizeof size);
    if (size > limits::helper_answer_bytes) return gone();
    if (received_.size() >= sizeof size + size) {
      auto answer = received_.substr(sizeof size, size);
      received_.clear();
      return answer;
    }
  }
  return std::nullopt;
}

result<std::string> helper::wait(std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  for (;;) {
    auto answer = take();
    if (!answer) return tl::unexpected{answer.error()};
    if (*answer) return std::move(**answer);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0)
      return fail(fault::timeout, "there was no answer within " + std::to_string(timeout.count()) + " ms");
    pollfd one{socket_.get(), POLLIN, 0};
    ::poll(&one, 1, static_cast<int>(left.count()));
  }
}

tl::unexpected<failure> helper::gone() {
  // Its end of the socket closes a moment before it has ended.
  child_.wait_for(limits::helper_end_timeout);
  return fail(fault::unavailable, "the helper process that asks libvirt " + child_.ending());
}

} // namespace agentmon::monitor
