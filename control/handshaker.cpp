#include "control/handshaker.hpp"

#include "protocol/limits.hpp"

#include <array>
#include <poll.h>
#include <sys/eventfd.h>
#include <vector>

namespace agentmon::control {
namespace {

using steady = std::chrono::steady_clock;

} // namespace

handshaker::handshaker(std::shared_ptr<identity> who, std::shared_ptr<refusals> told, on_ready ready)
    : who_{std::move(who)},
      refusals_{std::move(told)},
      ready_{std::move(ready)},
      wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)},
      thread_{[this] { run(); }} {}

handshaker::~handshaker() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

void handshaker::add(service::descriptor socket, std::string from) {
  {
    const std::lock_guard lock{mutex_};
    if (present_ >= limits::handshakes) return refusals_->tell(from, "too many connections are being opened");
    ++present_;
    arrivals_.push_back(
        {std::move(socket), std::move(from), nullptr, POLLIN, steady::now() + limits::handshake_timeout});
  }
  eventfd_write(wake_.get(), 1);
}

void handshaker::run() {
  std::list<guest> guests;
  std::vector<pollfd> watched;
  for (;;) {
    watched.assign(1, {wake_.get(), POLLIN, 0});
    auto next = steady::time_point::max();
    for (const auto& each : guests) {
      watched.push_back({each.socket.get(), each.waits_for, 0});
      next = std::min(next, each.until);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - steady::now()).count();
    ::poll(watched.data(), watched.size(), guests.empty() ? -1 : static_cast<int>(std::max<int64_t>(left, 0)));
    size_t at = 1;
    for (auto& each : guests) {
      if (watched[at++].revents != 0)
        step(each);
      else if (steady::now() >= each.until) {
        refusals_->tell(each.from, "it did not finish its TLS handshake in time");
        each.socket = {};
      }
    }
    const auto before = guests.size();
    guests.remove_if([](const guest& each) { return !each.socket; });
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    const std::lock_guard lock{mutex_};
    present_ -= before - guests.size();
    if (ending_) return;
    guests.splice(guests.end(), arrivals_);
  }
}

/// Afterwards a guest without a socket is done with.
void handshaker::step(guest& each) {
  // Made only now: OpenSSL's part of a connection that says nothing is never allocated.
  if (!each.tls) each.tls = std::make_unique<session>(who_, each.socket.get(), true);
  switch (each.tls->shake_hands()) {
  case session::progress::wants_read: each.waits_for = POLLIN; return;
  case session::progress::wants_write: each.waits_for = POLLOUT; return;
  case session::progress::failed:
    refusals_->tell(each.from, "TLS: " + tls_reason());
    each.tls.reset();
    each.socket = service::descriptor{};
    return;
  case session::progress::done:
    ready_(std::exchange(each.socket, service::descriptor{}), std::move(each.tls), each.from);
  }
}

} // namespace agentmon::control
