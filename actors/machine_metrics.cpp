#include "actors/machine_metrics.hpp"

#include <array>
#include <utility>

namespace agentmon {
namespace {

using labels = std::vector<prometheus::ClientMetric::Label>;
using monitor::domain_state;

struct family {
  const char* name;
  const char* help;
  prometheus::MetricType type;
};
constexpr auto gauge = prometheus::MetricType::Gauge;
constexpr auto counter = prometheus::MetricType::Counter;

/// Each machine's own, by its name in the registry.
constexpr family verdict{"agentmon_vm_verdict", "1 for the verdict that the machine has, 0 for the others.", gauge};
constexpr family issues{"agentmon_vm_issues", "What is wrong with the machine, in number.", gauge};
constexpr family gateway_up{"agentmon_vm_gateway_up", "Whether OpenClaw's gateway works.", gauge};
constexpr family reached{"agentmon_vm_ssh_up", "Whether the machine could be read from inside.", gauge};
constexpr family cpu{"agentmon_vm_cpu_percent", "100: all of its processors.", gauge};
constexpr family memory_used{"agentmon_vm_memory_used_bytes", "As the guest counts it.", gauge};
constexpr family memory_total{"agentmon_vm_memory_total_bytes", "As the guest counts it.", gauge};
constexpr family disk_used{"agentmon_vm_disk_used_bytes", "Of the file system at /.", gauge};
constexpr family disk_total{"agentmon_vm_disk_total_bytes", "Of the file system at /.", gauge};
constexpr family load{"agentmon_vm_load1", "Processes that run or wait to.", gauge};
constexpr family uptime{"agentmon_vm_uptime_seconds", "Since the machine was booted.", gauge};
/// As libvirt's exporters have them, by the domain.
constexpr family up{"libvirt_up", "Whether libvirt told anything of the domain in the last reading.", gauge};
constexpr family vstate{"libvirt_domain_info_vstate",
                        "State: 1 running, 3 paused, 4 shutting down, 5 shut off, 6 crashed, 7 suspended, 0 none.",
                        gauge};
constexpr family processors{"libvirt_domain_info_virtual_cpus", "Virtual processors in use.", gauge};
constexpr family cpu_time{"libvirt_domain_info_cpu_time_seconds_total", "Processor time of the domain.", counter};
constexpr family memory_usage{"libvirt_domain_info_memory_usage_bytes", "Memory given to the domain.", gauge};
constexpr family memory_available{"libvirt_domain_memory_stats_available_bytes", "As the guest sees it.", gauge};
constexpr family memory_usable{"libvirt_domain_memory_stats_usable_bytes", "What a program could still get.", gauge};
constexpr family memory_rss{"libvirt_domain_memory_stats_rss_bytes", "Of the host.", gauge};
constexpr family block_read{"libvirt_domain_block_stats_read_bytes_total", "Bytes read.", counter};
constexpr family block_written{"libvirt_domain_block_stats_write_bytes_total", "Bytes written.", counter};
constexpr family received{"libvirt_domain_interface_stats_receive_bytes_total", "Bytes received.", counter};
constexpr family sent{"libvirt_domain_interface_stats_transmit_bytes_total", "Bytes sent.", counter};

constexpr std::array all{&verdict,
                         &issues,
                         &gateway_up,
                         &reached,
                         &cpu,
                         &memory_used,
                         &memory_total,
                         &disk_used,
                         &disk_total,
                         &load,
                         &uptime,
                         &up,
                         &vstate,
                         &processors,
                         &cpu_time,
                         &memory_usage,
                         &memory_available,
                         &memory_usable,
                         &memory_rss,
                         &block_read,
                         &block_written,
                         &received,
                         &sent};

/// libvirt's own number (virDomainState).
int number_of(domain_state state) {
  switch (state) {
  case domain_state::running:
  case domain_state::hung: return 1;
  case domain_state::paused: return 3;
  case domain_state::shutting_down: return 4;
  case domain_state::shut_off: return 5;
  case domain_state::crashed: return 6;
  case domain_state::suspended: return 7;
  case domain_state::unknown:
  case domain_state::missing: return 0;
  }
  return 0;
}

labels with(labels some, const char* name, std::string value) {
  some.push_back({name, std::move(value)});
  return some;
}

} // namespace

void machine_metrics::set(const monitor::instance& about, const monitor::reading& now, const monitor::figures& told,
                          const monitor::judgement& done) {
  std::vector<sample> samples;
  const labels vm{{"vm", about.name}};
  const auto add = [&](const family& f, const labels& l, auto value) {
    samples.push_back({&f, l, static_cast<double>(value)});
  };
  const auto add_known = [&](const family& f, const labels& l, const auto& value) {
    if (value) add(f, l, *value);
  };
  for (const auto each :
       {monitor::verdict::healthy, monitor::verdict::unknown, monitor::verdict::degraded, monitor::verdict::down})
    add(verdict, with(vm, "verdict", std::string{to_string(each)}), each == done.now);
  add(issues, vm, done.issues.size());
  const auto* const inside = inside_of(now);
  if (about.ssh) add(reached, vm, inside != nullptr);
  if (inside != nullptr) add_known(gateway_up, vm, monitor::gateway_up(*inside));
  const std::array<std::pair<const family*, const monitor::figure*>, 7> figures{{{&cpu, &told.cpu_percent},
                                                                                 {&memory_used, &told.memory_used},
                                                                                 {&memory_total, &told.memory_total},
                                                                                 {&disk_used, &told.disk_used},
                                                                                 {&disk_total, &told.disk_total},
                                                                                 {&load, &told.load_1},
                                                                                 {&uptime, &told.uptime}}};
  for (const auto& [family, value] : figures) add_known(*family, vm, *value);

  if (about.libvirt) {
    const labels domain{{"domain", about.libvirt->domain}, {"uri", about.libvirt->uri}};
    add(up, domain, now.outside.has_value());
    if (now.outside) {
      const auto& view = *now.outside;
      add(vstate, domain, number_of(view.state));
      add_known(processors, domain, view.processors);
      if (view.cpu_time) add(cpu_time, domain, static_cast<double>(*view.cpu_time) / 1e9);
      add_known(memory_usage, domain, view.memory_total);
      add_known(memory_available, domain, view.memory_available);
      add_known(memory_usable, domain, view.memory_usable);
      add_known(memory_rss, domain, view.memory_resident);
      for (const auto& disk : view.disks) {
        add(block_read, with(domain, "target_device", disk.name), disk.in);
        add(block_written, with(domain, "target_device", disk.name), disk.out);
      }
      for (const auto& network : view.networks) {
        add(received, with(domain, "target_device", network.name), network.in);
        add(sent, with(domain, "target_device", network.name), network.out);
      }
    }
  }
  const std::lock_guard lock{mutex_};
  by_name_[about.name] = std::move(samples);
}

void machine_metrics::forget(const std::string& name) {
  const std::lock_guard lock{mutex_};
  by_name_.erase(name);
}

std::vector<prometheus::MetricFamily> machine_metrics::collect() const {
  std::map<const void*, prometheus::MetricFamily> found;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [name, samples] : by_name_) {
      for (const auto& each : samples) {
        prometheus::ClientMetric metric;
        metric.label = each.labels;
        // Each type has its own place, and only the one of the family's type is written.
        metric.gauge.value = metric.counter.value = each.value;
        found[each.family].metric.push_back(std::move(metric));
      }
    }
  }
  std::vector<prometheus::MetricFamily> families;
  for (const auto* const each : all) {
    const auto one = found.find(each);
    if (one == found.end()) continue;
    one->second.name = each->name;
    one->second.help = each->help;
    one->second.type = each->type;
    families.push_back(std::move(one->second));
  }
  return families;
}

} // namespace agentmon
