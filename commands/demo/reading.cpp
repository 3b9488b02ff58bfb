#include "commands/demo/reading.hpp"

#include "commands/demo/json_object.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace agentmon::demo {
namespace {

constexpr double full_disk = 0.996;
constexpr double disk_warning = 0.9;

struct figures {
  double cpu_percent;
  double memory_part;
  double disk_part;
};

figures figures_of(const machine& m, const timeline& world, dice& chance, timestamp played) {
  const auto busy = world.business(played, true);
  const auto filling = world.disk_filling(m, played);
  const auto days = static_cast<double>((played - world.begin()).count()) / 86'400e6;
  figures f{};
  f.cpu_percent = std::clamp(m.idle_cpu_percent + busy * chance.log_normal(14, 0.7) + 25 * filling, 0.2, 100.0);
  f.memory_part = std::clamp(m.memory_part + 0.12 * busy + chance.normal(0, 0.015), 0.1, 0.97);
  const auto usual = m.disk_part + 0.004 * days + 0.001 * std::sin(days * 20);
  f.disk_part = usual + (full_disk - usual) * filling;
  return f;
}

std::vector<std::string> issues_of(const figures& f, bool gateway_is_down) {
  std::vector<std::string> issues;
  if (gateway_is_down) issues.emplace_back("the gateway is down (openclaw-gateway.service: failed, result exit-code)");
  if (f.disk_part >= disk_warning)
    issues.push_back("disk / is " + std::to_string(static_cast<int>(std::floor(f.disk_part * 100))) + " % full");
  return issues;
}

std::string to_json(const std::vector<std::string>& texts) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  writer.StartArray();
  for (const auto& each : texts) writer.String(each.c_str(), static_cast<rapidjson::SizeType>(each.size()));
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

int64_t part_of(uint64_t whole, double part) { return static_cast<int64_t>(static_cast<double>(whole) * part); }

std::string gateway_json(const machine& m, bool is_up) {
  return json_object{}.truth("up", is_up).text("version", m.gateway_version).done();
}

} // namespace

std::string reading_of(const machine& m, const timeline& world, dice& chance, timestamp played) {
  const auto f = figures_of(m, world, chance, played);
  const bool asleep = world.is_asleep(m, played);
  const bool down = world.gateway_is_down(m, played);
  json_object payload;
  payload.text("name", m.name)
      .text("state", asleep ? "paused" : "running")
      .text("since", format_time(world.in_state_since(m, played)))
      .whole("memory_total_bytes", part_of(m.memory_bytes, 1))
      .whole("disk_total_bytes", part_of(m.disk_bytes, 1));
  if (asleep)
    return payload.number("cpu_percent", 0)
        .raw("gateway", gateway_json(m, false))
        .text("verdict", "down")
        .raw("issues", to_json({"the machine is paused (user)"}))
        .done();
  const auto issues = issues_of(f, down);
  const std::chrono::duration<double> uptime = world.stamp(played) - world.stamp(world.booted_at(m, played));
  return payload.number("cpu_percent", f.cpu_percent, 1)
      .whole("memory_used_bytes", part_of(m.memory_bytes, f.memory_part))
      .whole("disk_used_bytes", part_of(m.disk_bytes, f.disk_part))
      .number("network_rx_bytes_per_second", chance.log_normal(2'000 + 60 * f.cpu_percent * f.cpu_percent, 0.6), 0)
      .number("network_tx_bytes_per_second", chance.log_normal(900 + 25 * f.cpu_percent * f.cpu_percent, 0.6), 0)
      .number("disk_read_bytes_per_second", chance.log_normal(4'000 + 20 * f.cpu_percent * f.cpu_percent, 0.8), 0)
      .number("disk_write_bytes_per_second", chance.log_normal(20'000 + 80 * f.cpu_percent * f.cpu_percent, 0.8), 0)
      .number("load1", std::max(0.0, f.cpu_percent / 100 * m.cpus + chance.normal(0.02, 0.03)), 2)
      .whole("uptime_seconds", std::llround(uptime.count()))
      .raw("gateway", gateway_json(m, !down))
      .text("verdict", down             ? "down"
                       : issues.empty() ? "healthy"
                                        : "degraded")
      .raw("issues", to_json(issues))
      .done();
}

} // namespace agentmon::demo
