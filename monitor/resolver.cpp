#include "monitor/resolver.hpp"

#include "protocol/limits.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <mutex>
#include <netdb.h>
#include <system_error>
#include <thread>

namespace agentmon::monitor {
namespace {

using clock = std::chrono::steady_clock;

result<std::vector<address>> addresses_of(const std::string& host, uint16_t port, int flags) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, &::freeaddrinfo};
  if (status != 0)
    return fail(fault::not_found,
                status == EAI_SYSTEM ? std::system_category().message(errno) : std::string{::gai_strerror(status)});
  std::vector<address> list;
  for (const auto* each = found; each != nullptr; each = each->ai_next) {
    address one;
    std::memcpy(&one.where, each->ai_addr, each->ai_addrlen);
    one.size = each->ai_addrlen;
    list.push_back(one);
  }
  return list;
}

struct question {
  std::string host;
  uint16_t port;
  resolver::tell told;
  clock::time_point dropped;
};

} // namespace

struct resolver::state {
  std::mutex guard;
  std::deque<question> waiting; ///< at most those of one ssh_connect_timeout, in which nobody asks twice
  size_t threads = 0;
  std::mutex telling; ///< held while somebody is told, so that the destructor waits for that
  bool stopped = false;
};

resolver::resolver() : state_{std::make_shared<state>()} {}

resolver::~resolver() {
  const std::scoped_lock lock{state_->telling, state_->guard};
  state_->stopped = true;
  state_->waiting.clear();
}

void resolver::look_up(const std::string& host, uint16_t port, tell told) {
  if (auto known = addresses_of(host, port, AI_NUMERICHOST)) return told(std::move(known));
  const std::lock_guard lock{state_->guard};
  state_->waiting.push_back({host, port, std::move(told), clock::now() + limits::ssh_connect_timeout});
  if (state_->threads == limits::ssh_lookups) return;
  ++state_->threads;
  std::thread{work, state_}.detach();
}

void resolver::work(const std::shared_ptr<state>& shared) {
  for (;;) {
    question next;
    {
      const std::lock_guard lock{shared->guard};
      while (!shared->waiting.empty() && shared->waiting.front().dropped < clock::now()) shared->waiting.pop_front();
      if (shared->waiting.empty()) {
        --shared->threads;
        return;
      }
      next = std::move(shared->waiting.front());
      shared->waiting.pop_front();
    }
    auto found = addresses_of(next.host, next.port, 0);
    const std::lock_guard lock{shared->telling};
    if (!shared->stopped) next.told(std::move(found));
  }
}

} // namespace agentmon::monitor
