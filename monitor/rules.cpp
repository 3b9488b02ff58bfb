#include "monitor/rules.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace agentmon::monitor {
namespace {

using namespace std::chrono_literals;

/// As people read it.
std::string whole(double number) { return std::to_string(std::llround(number)); }

finding broken(std::string what, std::string more = {}) { return {standing::broken, std::move(what), std::move(more)}; }

domain_state seen(const facts& f) { return f.now.outside ? f.now.outside->state : domain_state::unknown; }

/// For rules about the inside: looks there, unless the machine is off or nobody got in.
template <class Look>
finding inside(const facts& f, Look look) {
  if (is_off(seen(f))) return {standing::moot};
  const auto* const view = inside_of(f.now);
  return view == nullptr ? finding{standing::untold} : look(*view);
}

template <class Figure, class Say>
finding above(const Figure& figure, double threshold, Say say) {
  if (!figure) return {standing::untold};
  return *figure >= threshold ? broken(say(*figure)) : finding{};
}

// -- the machine, from outside -----------------------------------------------------

finding look_for_state(const facts& f, std::initializer_list<domain_state> bad) {
  if (!f.now.outside) return {f.now.outside.error().code == fault::not_found ? standing::moot : standing::untold};
  if (std::find(bad.begin(), bad.end(), seen(f)) == bad.end()) return {};
  const auto& why = f.now.outside->reason;
  return broken("the machine is " + std::string{to_string(seen(f))} + (why.empty() ? "" : " (" + why + ")"));
}

finding look_for_off(const facts& f, double) {
  return look_for_state(f, {domain_state::shut_off, domain_state::paused, domain_state::suspended});
}

finding look_for_crash(const facts& f, double) {
  return look_for_state(f, {domain_state::crashed, domain_state::hung, domain_state::missing});
}

finding look_for_hypervisor(const facts& f, double) {
  if (f.now.outside) return {};
  if (f.now.outside.error().code == fault::not_found) return {standing::moot};
  return broken("the hypervisor does not answer", f.now.outside.error().message);
}

// -- the way in ------------------------------------------------------------------------

bool is_silence(reach how) { return how == reach::refused || how == reach::unreachable || how == reach::silent; }

finding look_at_ssh(const facts& f, bool wanted) {
  const auto how = f.now.inside.how;
  if (is_off(seen(f))) return {standing::moot};
  if (how == reach::unknown) return {f.about.ssh ? standing::untold : standing::moot};
  return wanted ? broken("SSH: " + std::string{to_string(how)}, f.now.inside.reason) : finding{};
}

/// It runs as far as the hypervisor knows, and does not answer.
finding look_for_silence(const facts& f, double) {
  return look_at_ssh(f, is_silence(f.now.inside.how) && f.now.outside.has_value());
}

/// Nobody says that it runs, and it does not answer.
finding look_for_no_life(const facts& f, double) {
  return look_at_ssh(f, is_silence(f.now.inside.how) && !f.now.outside);
}

finding look_for_other_host(const facts& f, double) {
  return look_at_ssh(f, f.now.inside.how == reach::host_key_changed);
}

/// What somebody has to set right before the inside can be read.
finding look_for_closed_door(const facts& f, double) {
  const auto how = f.now.inside.how;
  return look_at_ssh(f, how != reach::reached && how != reach::unknown && how != reach::host_key_changed
                            && !is_silence(how));
}

// -- the gateway ---------------------------------------------------------------------

std::string restarts_of(const facts& f) {
  return f.unit_restarts < 1 ? ""
                             : "unit restarted " + whole(f.unit_restarts) + (f.unit_restarts < 2 ? " time" : " times");
}

/// "openclaw-gateway.service is failed, result exit-code"
std::string unit_words(const facts& f, const unit_view& unit) {
  return f.about.gateway.unit + " is " + unit.active_state
         + (unit.result.empty() || unit.result == "success" ? "" : ", result " + unit.result);
}

finding look_for_stopped_gateway(const facts& f, double) {
  return inside(f, [&](const inside_view& view) {
    if (gateway_up(view) != false) return finding{};
    if (const auto* const unit = unit_of(view)) {
      if (unit->active_state != "failed" && unit->active_state != "inactive") return finding{};
      return broken("the gateway is stopped", unit_words(f, *unit));
    }
    if (view.gateway_processes != 0u) return finding{};
    return broken("the gateway is stopped", "it has no process");
  });
}

finding look_for_deaf_gateway(const facts& f, double) {
  if (look_for_stopped_gateway(f, 0).how == standing::broken) return {standing::moot};
  return inside(f, [&](const inside_view& view) {
    if (!view.gateway_listeners) return finding{standing::untold};
    if (*view.gateway_listeners > 0) return finding{};
    return broken("the gateway is not listening on " + std::to_string(f.about.gateway.port), restarts_of(f));
  });
}

finding look_for_other_gateway(const facts& f, double) {
  return inside(f, [&](const inside_view& view) {
    const auto* const unit = unit_of(view);
    if (unit == nullptr || !view.gateway_listeners) return finding{standing::untold};
    if (*view.gateway_listeners == 0 || unit->active_state == "active") return finding{};
    return broken("somebody else listens on " + std::to_string(f.about.gateway.port), unit_words(f, *unit));
  });
}

finding look_for_restarts(const facts& f, double threshold) {
  return inside(f, [&](const inside_view&) {
    return f.unit_restarts >= threshold ? broken("the gateway does not stay up", restarts_of(f) + " within 15 min")
                                        : finding{};
  });
}

finding look_for_exposure(const facts& f, double) {
  return inside(f, [&](const inside_view& view) {
    if (!view.gateway_public) return finding{standing::untold};
    if (!*view.gateway_public) return finding{};
    return broken("the gateway's port " + std::to_string(f.about.gateway.port) + " is open to other machines",
                  "it listens on more than loopback");
  });
}

// -- what is used up ---------------------------------------------------------------------

finding look_at_disks(const facts& f, double threshold) {
  return inside(f, [&](const inside_view& view) {
    std::string full;
    for (const auto& disk : view.disks) {
      if (disk.total == 0 || disk.available > disk.total) continue;
      const auto percent = 100 * static_cast<double>(disk.total - disk.available) / static_cast<double>(disk.total);
      if (percent >= threshold)
        full += (full.empty() ? "" : ", ") + disk.mounted_at + " is " + whole(std::floor(percent)) + " % full";
    }
    return full.empty() ? finding{} : broken("disk " + full);
  });
}

finding look_at_memory(const facts& f, double threshold) {
  if (is_off(seen(f))) return {standing::moot};
  if (!f.told.memory_used || !f.told.memory_total || *f.told.memory_total <= 0) return {standing::untold};
  return above(figure{100 * *f.told.memory_used / *f.told.memory_total}, threshold,
               [](double percent) { return "memory is " + whole(std::floor(percent)) + " % used"; });
}

finding look_at_cpu(const facts& f, double threshold) {
  if (is_off(seen(f))) return {standing::moot};
  return above(f.told.cpu_percent, threshold,
               [](double percent) { return "the processors are " + whole(std::floor(percent)) + " % busy"; });
}

// -- what else is odd ------------------------------------------------------------------------

finding look_at_boots(const facts& f, double threshold) {
  if (is_off(seen(f))) return {standing::moot};
  return f.boots >= threshold ? broken("the machine was booted " + whole(f.boots) + " times within an hour")
                              : finding{};
}

finding look_at_log(const facts& f, double threshold) {
  return inside(f, [&](const inside_view& view) {
    const auto lines = static_cast<double>(view.log_lines.size());
    if (lines < threshold || view.log_lines.empty()) return finding{};
    return broken("at least " + whole(lines) + " warnings and errors in the gateway's journal within ten minutes",
                  "the last one: " + view.log_lines.back());
  });
}

finding look_at_clock(const facts& f, double threshold) {
  return inside(f, [&](const inside_view& view) {
    if (!view.clock) return finding{standing::untold};
    const std::chrono::duration<double> here = f.now.taken.time_since_epoch();
    const auto off = static_cast<double>(*view.clock) - here.count();
    if (std::abs(off) < threshold) return finding{};
    return broken("the machine's clock is " + whole(std::abs(off)) + " s " + (off > 0 ? "fast" : "slow"));
  });
}

constexpr std::string_view none; ///< for rules without a threshold

constexpr std::array table{
    rule{"off", 0, none, 0s, verdict::down, "the machine is shut off, paused or suspended", look_for_off},
    rule{"crashed", 0, none, 0s, verdict::down,
         "the machine crashed, its QEMU hangs, or the hypervisor does not know it", look_for_crash},
    rule{"hypervisor", 0, none, 60s, verdict::unknown, "libvirt does not answer", look_for_hypervisor},
    rule{"no_sign_of_life", 0, none, 60s, verdict::down,
         "SSH is refused, unreachable or silent, and no hypervisor says that the machine runs", look_for_no_life},
    rule{"not_reachable", 0, none, 60s, verdict::degraded,
         "SSH is refused, unreachable or silent though the hypervisor says that the machine runs", look_for_silence},
    rule{"other_host_key", 0, none, 0s, verdict::degraded,
         "SSH met another host key than known_hosts has: another machine, or somebody in between", look_for_other_host},
    rule{"no_entry", 0, none, 0s, verdict::unknown,
         "SSH cannot get in: the key is refused or unreadable, the host key unknown, or the probe does not run",
         look_for_closed_door},
    rule{"gateway_stopped", 0, none, 0s, verdict::down,
         "the gateway's unit is failed or inactive, or it has no process", look_for_stopped_gateway},
    rule{"gateway_not_listening", 0, none, 60s, verdict::down, "nobody listens on the gateway's port",
         look_for_deaf_gateway},
    rule{"gateway_port_taken", 0, none, 60s, verdict::degraded,
         "somebody listens on the gateway's port, and it is not the gateway's unit", look_for_other_gateway},
    rule{"gateway_restarts", 3, "restarts within 15 min", 0s, verdict::degraded, "the gateway's unit restarts often",
         look_for_restarts},
    rule{"gateway_public", 0, none, 0s, verdict::degraded, "the gateway's port is open to other machines",
         look_for_exposure},
    rule{"disk_percent", 90, "% of a file system", 0s, verdict::degraded, "a file system is nearly full",
         look_at_disks},
    rule{"memory_percent", 95, "% of memory", 300s, verdict::degraded, "hardly any memory is left", look_at_memory},
    rule{"cpu_percent", 95, "% of all processors", 600s, verdict::degraded, "the processors are busy all the time",
         look_at_cpu},
    rule{"boots", 3, "boots within an hour", 0s, verdict::degraded, "the machine does not stay up", look_at_boots},
    rule{"log_lines", 5, "lines within 10 min", 0s, verdict::degraded,
         "many warnings and errors in the gateway's journal", look_at_log},
    rule{"clock_offset", 30, "s", 60s, verdict::degraded, "the machine's clock is wrong", look_at_clock},
};

constexpr std::string_view hold_suffix = "_seconds";

double setting(const instance& about, const std::string& key, double otherwise) {
  const auto found = about.thresholds.find(key);
  return found == about.thresholds.end() ? otherwise : found->second;
}

} // namespace

std::string_view to_string(verdict v) {
  switch (v) {
  case verdict::healthy: return "healthy";
  case verdict::unknown: return "unknown";
  case verdict::degraded: return "degraded";
  case verdict::down: return "down";
  }
  return "unknown";
}

std::optional<verdict> parse_verdict(std::string_view word) {
  for (const auto each : {verdict::healthy, verdict::unknown, verdict::degraded, verdict::down})
    if (to_string(each) == word) return each;
  return std::nullopt;
}

std::span<const rule> rules() { return table; }

bool is_threshold(std::string_view key) {
  return std::any_of(table.begin(), table.end(), [&](const rule& r) {
    return (key == r.name && !r.unit.empty()) || (key.starts_with(r.name) && key.substr(r.name.size()) == hold_suffix);
  });
}

double threshold_for(const rule& r, const instance& about) {
  return r.unit.empty() ? r.threshold : setting(about, std::string{r.name}, r.threshold);
}

std::chrono::microseconds hold_for(const rule& r, const instance& about) {
  const auto otherwise = static_cast<double>(r.hold.count());
  const std::chrono::duration<double> hold{setting(about, std::string{r.name} + std::string{hold_suffix}, otherwise)};
  return std::chrono::duration_cast<std::chrono::microseconds>(hold);
}

} // namespace agentmon::monitor
