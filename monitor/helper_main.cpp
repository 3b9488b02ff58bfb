#include "monitor/helper_main.hpp"

#include "monitor/helper_messages.hpp"
#include "monitor/libvirt_connection.hpp"
#include "protocol/limits.hpp"
#include "services/child.hpp"

#include <cerrno>
#include <csignal>
#include <sys/prctl.h>
#include <sys/socket.h>

namespace agentmon::monitor {
namespace {

constexpr int parent = service::held_descriptor;

bool receive(char* to, size_t size) {
  while (size > 0) {
    const auto count = ::recv(parent, to, size, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

bool send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(parent, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

std::optional<question> next_question() {
  uint32_t size = 0;
  if (!receive(reinterpret_cast<char*>(&size), sizeof size)) return std::nullopt;
  if (size > limits::helper_question_bytes) return std::nullopt;
  std::string bytes(size, '\0');
  if (!receive(bytes.data(), size)) return std::nullopt;
  question what;
  unpacker from{bytes};
  from.get(what);
  if (!from.good()) return std::nullopt;
  return what;
}

std::string answer(libvirt_connection& hypervisor, const question& what) {
  switch (what.what) {
  case asked::readings: return pack_answer(hypervisor.read(what.domains));
  case asked::domains: return pack_answer(hypervisor.domains());
  case asked::addresses: return pack_answer(hypervisor.addresses(what.domains.front()));
  }
  return {};
}

} // namespace

int run_helper(const std::string& uri) {
  ::prctl(PR_SET_NAME, "agentmon-helper"); // else it would be "exe"
  std::signal(SIGPIPE, SIG_IGN);           // libvirt writes to a server that is gone, and tells it as an error
  libvirt_connection hypervisor{uri};
  auto what = next_question();
  while (what && send(framed(answer(hypervisor, *what)))) what = next_question();
  return 0;
}

} // namespace agentmon::monitor
