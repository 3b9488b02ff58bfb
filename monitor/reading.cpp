#include "monitor/reading.hpp"

namespace agentmon::monitor {

std::string_view to_string(domain_state state) {
  switch (state) {
  case domain_state::unknown: return "unknown";
  case domain_state::running: return "running";
  case domain_state::paused: return "paused";
  case domain_state::shutting_down: return "shutting down";
  case domain_state::shut_off: return "shut off";
  case domain_state::crashed: return "crashed";
  case domain_state::suspended: return "suspended";
  case domain_state::hung: return "hung";
  case domain_state::missing: return "missing from the hypervisor";
  }
  return "unknown";
}

std::string_view to_string(reach how) {
  switch (how) {
  case reach::unknown: return "unknown";
  case reach::reached: return "reached";
  case reach::refused: return "refused";
  case reach::unreachable: return "unreachable";
  case reach::silent: return "silent";
  case reach::not_ssh: return "not SSH";
  case reach::host_key_unknown: return "host key unknown";
  case reach::host_key_changed: return "host key changed";
  case reach::key_refused: return "key refused";
  case reach::key_unreadable: return "key unreadable";
  case reach::probe_failed: return "probe failed";
  }
  return "unknown";
}

bool is_off(domain_state state) {
  switch (state) {
  case domain_state::paused:
  case domain_state::shut_off:
  case domain_state::crashed:
  case domain_state::suspended:
  case domain_state::hung:
  case domain_state::missing: return true;
  case domain_state::unknown:
  case domain_state::running:
  case domain_state::shutting_down: return false;
  }
  return false;
}

std::string state_of(const reading& now) {
  const auto seen = now.outside ? now.outside->state : domain_state::unknown;
  if (is_off(seen) || seen == domain_state::shutting_down) return std::string{to_string(seen)};
  if (now.inside.how == reach::reached) return std::string{to_string(domain_state::running)};
  if (now.inside.how == reach::unknown) return std::string{to_string(seen)};
  return std::string{to_string(now.inside.how)};
}

std::string why_not_inside(const reading& now) {
  if (now.outside && is_off(now.outside->state)) return "the machine is " + std::string{to_string(now.outside->state)};
  return now.inside.reason.empty() ? "nobody looked inside" : now.inside.reason;
}

const inside_view* inside_of(const reading& now) {
  return now.inside.how == reach::reached && now.inside.view ? &*now.inside.view : nullptr;
}

const unit_view* unit_of(const inside_view& inside) {
  return inside.unit && inside.unit->load_state != "not-found" ? &*inside.unit : nullptr;
}

std::optional<bool> gateway_up(const inside_view& inside) {
  const auto* const unit = unit_of(inside);
  std::optional<bool> runs;
  if (unit != nullptr)
    runs = unit->active_state == "active";
  else if (inside.gateway_processes)
    runs = *inside.gateway_processes > 0;
  const auto listens = inside.gateway_listeners ? std::optional{*inside.gateway_listeners > 0} : std::nullopt;
  if (runs == false || listens == false) return false;
  if (!runs || !listens) return std::nullopt;
  return true;
}

} // namespace agentmon::monitor
