#include "monitor/snapshot.hpp"

#include "protocol/encode.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"
#include "protocol/utf_8.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace agentmon::monitor {
namespace {

/// What a guest says may hold anything.
void add_text(json_writer& json, std::string_view key, std::string_view text) { json.text_member(key, to_utf_8(text)); }

template <class Number>
void add_count(json_writer& json, std::string_view key, const std::optional<Number>& count) {
  json.member(key, count ? std::optional{static_cast<int64_t>(*count)} : std::nullopt);
}

void add_issues(json_writer& json, const judgement& done) {
  json.key("issues").begin_array();
  for (const auto& issue : done.issues) json.value(to_utf_8(issue));
  json.end_array();
}

/// Each by its key; what is unknown is null, and its reason stands below "unknown".
void add_figures(json_writer& json, const figures& f) {
  struct entry {
    std::string_view key;
    const figure& value;
    double scale; ///< digits that mean something
  };
  const std::array all{
      entry{"cpu_percent", f.cpu_percent, 100},
      entry{"memory_used_bytes", f.memory_used, 1},
      entry{"memory_total_bytes", f.memory_total, 1},
      entry{"disk_used_bytes", f.disk_used, 1},
      entry{"disk_total_bytes", f.disk_total, 1},
      entry{"network_rx_bytes_per_second", f.received, 1},
      entry{"network_tx_bytes_per_second", f.sent, 1},
      entry{"disk_read_bytes_per_second", f.disk_read, 1},
      entry{"disk_write_bytes_per_second", f.disk_written, 1},
      entry{"load1", f.load_1, 100},
      entry{"uptime_seconds", f.uptime, 100},
  };
  for (const auto& [key, value, scale] : all) {
    if (value)
      json.member(key, std::round(*value * scale) / scale);
    else
      json.key(key).null();
  }
  json.key("unknown").begin_object();
  for (const auto& [key, value, scale] : all)
    if (!value) json.member(key, to_utf_8(value.error()));
  json.end_object();
}

void add_gateway(json_writer& json, const inside_view* view) {
  json.key("gateway").begin_object();
  const auto* const unit = view == nullptr ? nullptr : unit_of(*view);
  json.member("up", view == nullptr ? std::nullopt : gateway_up(*view));
  add_text(json, "unit", unit == nullptr ? "" : unit->active_state);
  add_count(json, "restarts", unit == nullptr ? std::nullopt : unit->restarts);
  json.member("listening",
              view != nullptr && view->gateway_listeners ? std::optional{*view->gateway_listeners > 0} : std::nullopt);
  json.member("public", view == nullptr ? std::nullopt : view->gateway_public);
  add_count(json, "memory_bytes", view == nullptr ? std::nullopt : view->gateway_resident);
  add_text(json, "version", view == nullptr ? "" : view->agent_version);
  json.end_object();
}

void add_inside(json_writer& json, const inside_view& view) {
  add_text(json, "agent_version", view.agent_version);
  add_text(json, "boot_id", view.boot_id);
  add_text(json, "system", view.system);
  add_text(json, "kernel", view.kernel);
  add_count(json, "processors", view.processors);
  json.member("load5", view.load_5).member("load15", view.load_15);
  json.member("pressure_cpu_percent", view.pressure_cpu).member("pressure_memory_percent", view.pressure_memory);
  json.member("pressure_io_percent", view.pressure_io);
  json.key("disks").begin_array();
  for (size_t i = 0; i < std::min(view.disks.size(), limits::snapshot_disks); ++i) {
    const auto& disk = view.disks[i];
    json.begin_object();
    add_text(json, "mounted_at", disk.mounted_at);
    json.member("total_bytes", static_cast<int64_t>(disk.total));
    json.member("available_bytes", static_cast<int64_t>(disk.available)).end_object();
  }
  json.end_array().key("log").begin_array();
  for (size_t i = 0; i < std::min(view.log_lines.size(), limits::snapshot_log_lines); ++i)
    json.value(to_utf_8(view.log_lines[view.log_lines.size() - 1 - i]));
  json.end_array();
}

/// What the rates were made of.
void add_counters(json_writer& json, const reading& now) {
  json.key("counters").begin_object();
  if (now.outside) {
    const auto& view = *now.outside;
    add_count(json, "domain_id", view.id);
    add_count(json, "cpu_time_nanoseconds", view.cpu_time);
    add_count(json, "virtual_processors", view.processors);
    add_count(json, "memory_resident_bytes", view.memory_resident);
    add_count(json, "image_bytes", view.image_bytes);
    add_count(json, "image_allocated_bytes", view.image_allocated);
  }
  if (const auto* const view = inside_of(now)) {
    add_count(json, "cpu_busy_ticks", view->cpu_busy);
    add_count(json, "cpu_total_ticks", view->cpu_total);
  }
  const auto add_all = [&](std::string_view key, const auto& all, auto in, auto out) {
    if (all.empty()) return;
    json.key(key).begin_object();
    for (size_t i = 0; i < std::min(all.size(), limits::snapshot_disks); ++i) {
      json.key(to_utf_8(all[i].name)).begin_array();
      json.value(static_cast<int64_t>(all[i].*in)).value(static_cast<int64_t>(all[i].*out)).end_array();
    }
    json.end_object();
  };
  if (now.outside) {
    add_all("disks", now.outside->disks, &transfer::in, &transfer::out);
    add_all("networks", now.outside->networks, &transfer::in, &transfer::out);
  }
  if (const auto* const view = inside_of(now))
    add_all("guest_networks", view->networks, &interface_counters::received, &interface_counters::sent);
  json.end_object();
}

} // namespace

std::string snapshot_payload(const instance& about, const reading& now, const figures& told, const judgement& done,
                             std::chrono::milliseconds interval) {
  json_writer json;
  json.begin_object().member("name", about.name).member("state", state_of(now));
  if (done.since) json.member("since", *done.since);
  json.member("verdict", to_string(done.now));
  add_issues(json, done);
  add_figures(json, told);
  const auto* const view = inside_of(now);
  add_gateway(json, view);
  if (view != nullptr) add_inside(json, *view);
  add_counters(json, now);
  json.key("labels").begin_object();
  for (const auto& [key, text] : about.labels) json.member(key, text);
  json.end_object().member("interval_seconds", std::chrono::duration<double>(interval).count());
  return json.end_object().text();
}

std::string verdict_payload(const instance& about, const judgement& done) {
  json_writer json;
  json.begin_object().member("name", about.name).member("verdict", to_string(done.now));
  json.member("was", to_string(done.was));
  add_issues(json, done);
  return json.end_object().text();
}

std::string event_of(const instance& about, timestamp at, std::string_view type, std::string_view payload) {
  envelope event;
  event.ts = at;
  event.type = type;
  event.framework = "openclaw";
  event.client_id = about.name;
  event.host = about.name;
  event.payload = payload;
  return encode(event);
}

} // namespace agentmon::monitor
