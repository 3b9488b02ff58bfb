#include "monitor/libvirt_state.hpp"

#include <array>
#include <libvirt/libvirt.h>
#include <span>

namespace agentmon::monitor {
namespace {

// Each in the order of libvirt's numbers for the reasons of that state, which begin with "unknown".
constexpr std::array<std::string_view, 12> running{"",
                                                   "booted",
                                                   "migrated",
                                                   "restored",
                                                   "from snapshot",
                                                   "unpaused",
                                                   "migration canceled",
                                                   "save canceled",
                                                   "wakeup",
                                                   "crashed",
                                                   "post-copy",
                                                   "post-copy failed"};
constexpr std::array<std::string_view, 14> paused{"",
                                                  "user",
                                                  "migration",
                                                  "save",
                                                  "dump",
                                                  "I/O error",
                                                  "watchdog",
                                                  "from snapshot",
                                                  "shutting down",
                                                  "snapshot",
                                                  "crashed",
                                                  "starting up",
                                                  "post-copy",
                                                  "post-copy failed"};
constexpr std::array<std::string_view, 2> shutting_down{"", "user"};
constexpr std::array<std::string_view, 9> shut_off{"",      "shutdown", "destroyed",     "crashed", "migrated",
                                                   "saved", "failed",   "from snapshot", "daemon"};
constexpr std::array<std::string_view, 2> crashed{"", "panicked"};

std::span<const std::string_view> words_of(int state) {
  switch (state) {
  case VIR_DOMAIN_RUNNING: return running;
  case VIR_DOMAIN_PAUSED: return paused;
  case VIR_DOMAIN_SHUTDOWN: return shutting_down;
  case VIR_DOMAIN_SHUTOFF: return shut_off;
  case VIR_DOMAIN_CRASHED: return crashed;
  default: return {};
  }
}

} // namespace

domain_state to_state(int state, int reason) {
  switch (state) {
  case VIR_DOMAIN_RUNNING:
  case VIR_DOMAIN_BLOCKED: return domain_state::running;
  case VIR_DOMAIN_PAUSED: return domain_state::paused;
  case VIR_DOMAIN_SHUTDOWN: return domain_state::shutting_down;
  case VIR_DOMAIN_SHUTOFF: return reason == VIR_DOMAIN_SHUTOFF_CRASHED ? domain_state::crashed : domain_state::shut_off;
  case VIR_DOMAIN_CRASHED: return domain_state::crashed;
  case VIR_DOMAIN_PMSUSPENDED: return domain_state::suspended;
  default: return domain_state::unknown;
  }
}

std::string_view reason_word(int state, int reason) {
  const auto words = words_of(state);
  return reason >= 0 && static_cast<size_t>(reason) < words.size() ? words[static_cast<size_t>(reason)]
                                                                   : std::string_view{};
}

} // namespace agentmon::monitor
