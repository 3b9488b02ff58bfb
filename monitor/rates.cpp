#include "monitor/rates.hpp"

#include <algorithm>
#include <chrono>

namespace agentmon::monitor {
namespace {

using seconds = std::chrono::duration<double>;

constexpr auto first_reading = "a rate needs two readings, and this is the first one";
constexpr auto started_anew = "a rate needs two readings since the machine was started, and this is the first one";
constexpr auto was_reset = "a counter was reset since the reading before";

tl::unexpected<std::string> unknown(std::string why) { return tl::unexpected{std::move(why)}; }

template <class Number>
figure known(const std::optional<Number>& value, const char* otherwise) {
  if (!value) return unknown(otherwise);
  return static_cast<double>(*value);
}

/// The better source, or the other one, or both reasons.
figure either(figure better, figure other) {
  if (better) return better;
  if (other) return other;
  if (other.error() == better.error()) return better;
  return unknown(better.error() + "; " + other.error());
}

/// The growth of one counter a second.
figure growth(uint64_t before, uint64_t now, seconds between) {
  if (now < before) return unknown(was_reset);
  return static_cast<double>(now - before) / between.count();
}

/// What may be compared with what is now, or why there is nothing.
template <class View>
tl::expected<seconds, std::string> comparable(const std::optional<View>& before, const View& now, bool same_start) {
  if (!before) return unknown(first_reading);
  if (!same_start) return unknown(started_anew);
  const seconds between = now.taken - before->taken;
  if (between.count() <= 0) return unknown(first_reading);
  return between;
}

figure processor_share(const outside_view& before, const outside_view& now, seconds between) {
  if (!before.cpu_time || !now.cpu_time || now.processors.value_or(0) == 0)
    return unknown("libvirt tells no processor time");
  return growth(*before.cpu_time, *now.cpu_time, between).map([&](double nanoseconds) {
    return std::clamp(100 * nanoseconds / 1e9 / *now.processors, 0.0, 100.0);
  });
}

figure processor_share(const inside_view& before, const inside_view& now) {
  if (!before.cpu_busy || !now.cpu_busy || !before.cpu_total || !now.cpu_total)
    return unknown("the guest tells no processor time");
  if (*now.cpu_busy < *before.cpu_busy || *now.cpu_total <= *before.cpu_total) return unknown(was_reset);
  const auto share =
      static_cast<double>(*now.cpu_busy - *before.cpu_busy) / static_cast<double>(*now.cpu_total - *before.cpu_total);
  return std::min(100.0, 100 * share);
}

/// Over the disks or interfaces that are there in both; one that came or went has no rate.
template <class Counters, class Value>
figure growth_of_all(const Counters& before, const Counters& now, seconds between, Value value, const char* none) {
  std::optional<double> sum;
  for (const auto& each : now) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& b) { return b.name == each.name; });
    if (same == before.end()) continue;
    auto one = growth(value(*same), value(each), between);
    if (!one) return one;
    sum = sum.value_or(0) + *one;
  }
  if (!sum) return unknown(now.empty() ? none : was_reset);
  return *sum;
}

const file_system* main_disk(const inside_view& inside) {
  const auto& all = inside.disks;
  const auto root = std::find_if(all.begin(), all.end(), [](const file_system& d) { return d.mounted_at == "/"; });
  if (root != all.end()) return &*root;
  const auto largest =
      std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.total < b.total; });
  return largest == all.end() ? nullptr : &*largest;
}

void set_memory(figures& f, const inside_view& inside) {
  if (!inside.memory_total || !inside.memory_available || *inside.memory_available > *inside.memory_total) return;
  f.memory_total = static_cast<double>(*inside.memory_total);
  f.memory_used = static_cast<double>(*inside.memory_total - *inside.memory_available);
}

/// What only the guest knows.
void add_inside(figures& f, const inside_view& inside) {
  set_memory(f, inside);
  f.load_1 = known(inside.load_1, "the guest tells no load");
  f.uptime = known(inside.uptime_seconds, "the guest tells no uptime");
  const auto* const disk = main_disk(inside);
  if (disk == nullptr || disk->available > disk->total) {
    f.disk_used = f.disk_total = unknown("the guest tells no file systems");
  } else {
    f.disk_total = static_cast<double>(disk->total);
    f.disk_used = static_cast<double>(disk->total - disk->available);
  }
}

/// Memory as the balloon knows it: of the guest's memory, what no program could get.
void add_outside_memory(figures& f, const outside_view& outside) {
  if (f.memory_total) return;
  const auto total = outside.memory_available ? outside.memory_available : outside.memory_total;
  f.memory_total = either(f.memory_total, known(total, "libvirt tells no size of the memory"));
  if (outside.memory_available && outside.memory_usable && *outside.memory_usable <= *outside.memory_available)
    f.memory_used = static_cast<double>(*outside.memory_available - *outside.memory_usable);
  else
    f.memory_used = either(f.memory_used, unknown("the domain's memory balloon tells nothing (it needs <memballoon> "
                                                  "with <stats period='10'/>)"));
}

void set_all(figures& f, const std::string& why) {
  for (auto* const each : {&f.cpu_percent, &f.memory_used, &f.memory_total, &f.disk_used, &f.disk_total, &f.received,
                           &f.sent, &f.disk_read, &f.disk_written, &f.load_1, &f.uptime})
    *each = unknown(why);
}

void add_outside_rates(figures& f, const std::optional<outside_view>& before, const outside_view& now) {
  const auto between = comparable(before, now, before && before->id == now.id);
  const auto rate = [&](auto make) -> figure { return between ? make(*between) : figure{unknown(between.error())}; };
  const auto in = [](const transfer& t) { return t.in; };
  const auto out = [](const transfer& t) { return t.out; };
  constexpr auto no_interface = "libvirt knows no interface of it";
  constexpr auto no_disk = "libvirt knows no disk of it";
  f.cpu_percent = rate([&](seconds s) { return processor_share(*before, now, s); });
  f.received = rate([&](seconds s) { return growth_of_all(before->networks, now.networks, s, in, no_interface); });
  f.sent = rate([&](seconds s) { return growth_of_all(before->networks, now.networks, s, out, no_interface); });
  f.disk_read = rate([&](seconds s) { return growth_of_all(before->disks, now.disks, s, in, no_disk); });
  f.disk_written = rate([&](seconds s) { return growth_of_all(before->disks, now.disks, s, out, no_disk); });
}

void add_inside_rates(figures& f, const std::optional<inside_view>& before, const inside_view& now) {
  const auto between = comparable(before, now, before && before->boot_id == now.boot_id);
  const auto rate = [&](auto make) -> figure { return between ? make(*between) : figure{unknown(between.error())}; };
  const auto received = [](const interface_counters& i) { return i.received; };
  const auto sent = [](const interface_counters& i) { return i.sent; };
  constexpr auto no_interface = "the guest tells no interface";
  f.cpu_percent = either(f.cpu_percent, rate([&](seconds) { return processor_share(*before, now); }));
  f.received =
      either(f.received,
             rate([&](seconds s) { return growth_of_all(before->networks, now.networks, s, received, no_interface); }));
  f.sent = either(
      f.sent, rate([&](seconds s) { return growth_of_all(before->networks, now.networks, s, sent, no_interface); }));
}

} // namespace

figures rates::of(const reading& now) {
  figures f;
  const auto* const inside = inside_of(now);
  set_all(f, why_not_inside(now));
  if (inside != nullptr) add_inside(f, *inside);
  if (now.outside) {
    add_outside_memory(f, *now.outside);
    add_outside_rates(f, outside_, *now.outside);
    outside_ = *now.outside;
  } else {
    f.disk_read = f.disk_written = unknown(now.outside.error().message);
    f.cpu_percent = f.received = f.sent = unknown(now.outside.error().message);
  }
  if (inside != nullptr) {
    add_inside_rates(f, inside_, *inside);
    inside_ = *inside;
  }
  return f;
}

} // namespace agentmon::monitor
