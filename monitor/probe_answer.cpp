#include "monitor/probe_answer.hpp"

#include "monitor/redact.hpp"
#include "protocol/limits.hpp"
#include "protocol/one_line.hpp"
#include "protocol/utf_8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

namespace agentmon::monitor {
namespace {

constexpr std::string_view version_key = "agentmon-probe=";
constexpr std::string_view version = "1";
constexpr std::string_view last_line = "end=1";

/// Takes the text up to a character, and that one, from the beginning.
std::string_view take_until(char end, std::string_view& from) {
  const auto part = from.substr(0, from.find(end));
  from.remove_prefix(std::min(from.size(), part.size() + 1));
  return part;
}

/// All of the text as a number that is not negative.
template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if constexpr (std::is_floating_point_v<Number>)
    if (!std::isfinite(value)) return std::nullopt;
  if (value < Number{}) return std::nullopt;
  return value;
}

std::optional<uint64_t> kilobytes(std::string_view text) {
  const auto value = number<uint64_t>(text);
  if (!value || *value > std::numeric_limits<uint64_t>::max() / limits::KiB) return std::nullopt;
  return *value * limits::KiB;
}

std::string words(std::string_view text) { return one_line(to_utf_8(text), limits::probe_text_characters); }

/// What is gathered while lines are read.
struct answer {
  inside_view view;
  unit_view unit;
  std::string log; ///< lines that are looked at together: a private key fills several

  void keep(std::string& to, std::string_view value) {
    if (to.empty()) to = words(value);
  }
  template <class T>
  void keep(std::optional<T>& to, std::optional<T> value) {
    if (!to) to = value;
  }
};

void take_load(answer& to, std::string_view value) {
  to.keep(to.view.load_1, number<double>(take_until(' ', value)));
  to.keep(to.view.load_5, number<double>(take_until(' ', value)));
  to.keep(to.view.load_15, number<double>(value));
}

/// user nice system idle iowait irq softirq steal, of which old kernels lack the last ones.
void take_cpu(answer& to, std::string_view value) {
  constexpr size_t idle = 3, waiting = 4, fewest = 4, most = 8;
  uint64_t total = 0, rest = 0;
  size_t count = 0;
  for (; !value.empty() && count < most; ++count) {
    const auto ticks = number<uint64_t>(take_until(' ', value));
    if (!ticks || *ticks > std::numeric_limits<uint64_t>::max() / most) return;
    total += *ticks;
    if (count == idle || count == waiting) rest += *ticks;
  }
  if (count < fewest || to.view.cpu_total) return;
  to.view.cpu_total = total;
  to.view.cpu_busy = total - rest;
}

void take_disk(answer& to, std::string_view value) {
  const auto total = kilobytes(take_until(' ', value));
  const auto available = kilobytes(take_until(' ', value));
  auto where = words(value);
  if (!total || !available || where.empty() || to.view.disks.size() >= limits::probe_list) return;
  to.view.disks.push_back({std::move(where), *total, *available});
}

void take_network(answer& to, std::string_view value) {
  const auto received = number<uint64_t>(take_until(' ', value));
  const auto sent = number<uint64_t>(take_until(' ', value));
  auto name = words(value);
  if (!received || !sent || name.empty() || to.view.networks.size() >= limits::probe_list) return;
  to.view.networks.push_back({std::move(name), *received, *sent});
}

void take_log(answer& to, std::string_view value) {
  const auto lines = static_cast<size_t>(std::ranges::count(to.log, '\n'));
  if (lines < limits::probe_log_lines) to.log.append(value.substr(0, limits::probe_log_bytes)).push_back('\n');
}

void take_public(answer& to, std::string_view value) {
  if (value == "0" || value == "1") to.keep(to.view.gateway_public, std::optional{value == "1"});
}

struct entry {
  std::string_view key;
  void (*take)(answer&, std::string_view);
};

constexpr auto entries = std::to_array<entry>({
    {"host", [](answer& a, std::string_view v) { a.keep(a.view.host, v); }},
    {"system", [](answer& a, std::string_view v) { a.keep(a.view.system, v); }},
    {"kernel", [](answer& a, std::string_view v) { a.keep(a.view.kernel, v); }},
    {"boot_id", [](answer& a, std::string_view v) { a.keep(a.view.boot_id, v); }},
    {"uptime", [](answer& a, std::string_view v) { a.keep(a.view.uptime_seconds, number<double>(v)); }},
    {"clock", [](answer& a, std::string_view v) { a.keep(a.view.clock, number<int64_t>(v)); }},
    {"load", take_load},
    {"cpu", take_cpu},
    {"processors", [](answer& a, std::string_view v) { a.keep(a.view.processors, number<uint32_t>(v)); }},
    {"MemTotal", [](answer& a, std::string_view v) { a.keep(a.view.memory_total, kilobytes(v)); }},
    {"MemAvailable", [](answer& a, std::string_view v) { a.keep(a.view.memory_available, kilobytes(v)); }},
    {"SwapTotal", [](answer& a, std::string_view v) { a.keep(a.view.swap_total, kilobytes(v)); }},
    {"SwapFree", [](answer& a, std::string_view v) { a.keep(a.view.swap_free, kilobytes(v)); }},
    {"pressure_cpu", [](answer& a, std::string_view v) { a.keep(a.view.pressure_cpu, number<double>(v)); }},
    {"pressure_memory", [](answer& a, std::string_view v) { a.keep(a.view.pressure_memory, number<double>(v)); }},
    {"pressure_io", [](answer& a, std::string_view v) { a.keep(a.view.pressure_io, number<double>(v)); }},
    {"disk", take_disk},
    {"network", take_network},
    {"LoadState", [](answer& a, std::string_view v) { a.keep(a.unit.load_state, v); }},
    {"ActiveState", [](answer& a, std::string_view v) { a.keep(a.unit.active_state, v); }},
    {"SubState", [](answer& a, std::string_view v) { a.keep(a.unit.sub_state, v); }},
    {"Result", [](answer& a, std::string_view v) { a.keep(a.unit.result, v); }},
    {"NRestarts", [](answer& a, std::string_view v) { a.keep(a.unit.restarts, number<uint64_t>(v)); }},
    {"gateway_processes", [](answer& a, std::string_view v) { a.keep(a.view.gateway_processes, number<uint32_t>(v)); }},
    {"gateway_resident", [](answer& a, std::string_view v) { a.keep(a.view.gateway_resident, kilobytes(v)); }},
    {"listeners", [](answer& a, std::string_view v) { a.keep(a.view.gateway_listeners, number<uint32_t>(v)); }},
    {"public", take_public},
    {"agent_version", [](answer& a, std::string_view v) { a.keep(a.view.agent_version, v); }},
    {"log", take_log},
    {"log_errors", [](answer& a, std::string_view v) { a.keep(a.view.log_errors, number<uint32_t>(v)); }},
});

/// At the end of a line that was cut may stand the first half of a secret, which nothing would know for one: it goes.
void drop_cut_words(std::string& log) {
  std::string kept;
  for (std::string_view rest = log; !rest.empty();) {
    auto line = take_until('\n', rest);
    if (line.size() >= limits::probe_log_bytes) line = line.substr(0, line.find_last_of(" \t") + 1);
    kept.append(line).push_back('\n');
  }
  log = std::move(kept);
}

inside_view finish(answer read) {
  auto& view = read.view;
  view.taken = std::chrono::steady_clock::now();
  if (!read.unit.load_state.empty()) view.unit = std::move(read.unit);
  drop_cut_words(read.log);
  const auto safe = redact(std::move(read.log));
  for (std::string_view rest = safe; !rest.empty();)
    if (auto line = words(take_until('\n', rest)); !line.empty()) view.log_lines.push_back(std::move(line));
  return std::move(view);
}

tl::unexpected<failure> no_answer(std::string why) { return fail(fault::corrupt, std::move(why)); }

} // namespace

result<inside_view> parse_probe_answer(std::string_view text) {
  bool begun = false;
  answer read;
  while (!text.empty()) {
    auto line = take_until('\n', text);
    if (!begun) {
      if (!line.starts_with(version_key)) continue;
      if (line.substr(version_key.size()) != version)
        return no_answer("the probe that is installed there is of another version: install this one's");
      begun = true;
    } else if (line == last_line) {
      return finish(std::move(read));
    } else {
      const auto key = take_until('=', line);
      const auto* known = std::ranges::find(entries, key, &entry::key);
      if (known != entries.end()) known->take(read, line);
    }
  }
  return no_answer(begun ? "the probe's answer is cut off" : "what came is no answer of the probe");
}

} // namespace agentmon::monitor
