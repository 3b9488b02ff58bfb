#include "commands/interrupt.hpp"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <poll.h>

namespace agentmon::interrupt {
namespace {

volatile std::sig_atomic_t seen = 0;
volatile std::time_t seen_at = 0;

std::time_t seconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

/// timeout(1) and others send the same signal twice at once: only one that comes later is a second wish.
void handle(int signal) {
  constexpr std::time_t apart = 1;
  if (seen != 0 && seconds_now() - seen_at > apart) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);
  } else if (seen == 0) {
    seen_at = seconds_now();
    seen = 1;
  }
}

} // namespace

void remember() {
  struct sigaction action {};
  action.sa_handler = handle; // without SA_RESTART: poll and read return
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

bool requested() { return seen != 0; }

void forget() { seen = 0; }

bool pause(std::chrono::milliseconds time) {
  using clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds slice{200}; // a signal just before poll() is seen after one of them
  const auto end = clock::now() + time;
  while (!requested()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now());
    if (left.count() <= 0) return true;
    ::poll(nullptr, 0, static_cast<int>(std::min(left, slice).count()));
  }
  return false;
}

} // namespace agentmon::interrupt
