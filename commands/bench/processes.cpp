#include "commands/bench/processes.hpp"

#include "protocol/limits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <mutex>
#include <optional>
#include <sstream>
#include <unistd.h>

namespace agentmon::bench {
namespace {

namespace fs = std::filesystem;

struct one_process {
  pid_t id = 0;
  pid_t parent = 0;
  double cpu_seconds = 0;
  double children_seconds = 0; ///< of those that have ended
};

/// Of /proc/ID/stat; the fields are counted behind the name, which may hold anything.
std::optional<one_process> read_process(pid_t id) {
  std::ifstream file{"/proc/" + std::to_string(id) + "/stat"};
  std::string text;
  std::getline(file, text, '\0'); // which no file of this kind holds; an iterator would throw when the process ends now
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields{text.substr(name_end + 1)};
  constexpr size_t parent = 1, user = 11, system = 12, children_user = 13, children_system = 14;
  std::array<std::string, children_system + 1> values;
  for (auto& value : values) fields >> value;
  static const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto seconds = [&](size_t a, size_t b) { return (std::stod(values[a]) + std::stod(values[b])) / ticks; };
  if (values[children_system].empty()) return std::nullopt;
  return one_process{id, std::stoi(values[parent]), seconds(user, system), seconds(children_user, children_system)};
}

/// Resident bytes: what is a process's own, and what it shares with its like.
struct resident {
  uint64_t own = 0, file = 0, shared = 0;
};

resident read_memory(pid_t id) {
  std::ifstream file{"/proc/" + std::to_string(id) + "/status"};
  resident found;
  for (std::string key; file >> key;) {
    uint64_t kibibytes = 0;
    auto* const to = key == "RssAnon:"    ? &found.own
                     : key == "RssFile:"  ? &found.file
                     : key == "RssShmem:" ? &found.shared
                                          : nullptr;
    if (to != nullptr && file >> kibibytes) *to = kibibytes * 1024;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return found;
}

std::vector<one_process> all_processes() {
  std::vector<one_process> all;
  std::error_code error;
  for (fs::directory_iterator entry{"/proc", error}, end; !error && entry != end; entry.increment(error)) {
    const auto name = entry->path().filename().string();
    pid_t id = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), id);
    if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) continue;
    if (const auto found = read_process(id)) all.push_back(*found);
  }
  return all;
}

std::string name_of(pid_t id) {
  std::ifstream file{"/proc/" + std::to_string(id) + "/comm"};
  std::string name;
  std::getline(file, name);
  return name;
}

/// The processes of an instance by their part of it.
std::map<std::string, std::vector<one_process>> parts_of(pid_t node) {
  std::map<std::string, std::vector<one_process>> parts;
  const auto all = all_processes();
  pid_t postgres = 0;
  for (const auto& p : all) {
    if (p.id == node) parts["agentmon"].push_back(p);
    if (p.id == ::getpid()) parts["bench"].push_back(p);
    if (p.parent != node) continue;
    const auto name = name_of(p.id);
    if (name == "postgres") postgres = p.id;
    parts[name == "postgres" ? "PostgreSQL" : name].push_back(p);
  }
  for (const auto& p : all)
    if (postgres != 0 && p.parent == postgres) parts["PostgreSQL"].push_back(p);
  return parts;
}

constexpr std::array<const char*, 4> part_names{"agentmon", "nats-server", "PostgreSQL", "bench"};

constexpr std::chrono::minutes tell_memory_every{1}; // of a phase that is longer: whether it grows

} // namespace

cost_meter::cost_meter(pid_t node)
    : node_{node}, begin_{read()}, watcher_{[this](const std::stop_token& stop) { watch(stop); }} {}

std::map<std::string, cost_meter::reading> cost_meter::read() const {
  std::map<std::string, reading> readings;
  for (const auto& [name, processes] : parts_of(node_)) {
    auto& sum = readings[name];
    resident memory;
    for (const auto& p : processes) {
      // PostgreSQL's backends come and go; the others' children are parts of their own.
      sum.cpu_seconds += p.cpu_seconds + (name == "PostgreSQL" && p.parent == node_ ? p.children_seconds : 0);
      const auto one = read_memory(p.id);
      memory.own += one.own;
      memory.file = std::max(memory.file, one.file);
      memory.shared = std::max(memory.shared, one.shared);
    }
    sum.memory_bytes = memory.own + memory.file + memory.shared;
  }
  return readings;
}

void cost_meter::tell_memory(const std::map<std::string, reading>& readings) {
  std::string line = "memory, MiB:";
  for (const auto& [name, r] : readings) line += ' ' + name + ' ' + std::to_string(r.memory_bytes / limits::MiB);
  std::fprintf(stderr, "%s\n", line.c_str());
}

void cost_meter::watch(const std::stop_token& stop) {
  std::mutex quiet;
  std::condition_variable_any wake;
  std::unique_lock lock{quiet};
  for (auto told = std::chrono::steady_clock::now(); !stop.stop_requested();) {
    const auto readings = read();
    for (const auto& [name, r] : readings) peaks_[name] = std::max(peaks_[name], r.memory_bytes);
    if (std::chrono::steady_clock::now() - told >= tell_memory_every) {
      told += tell_memory_every;
      tell_memory(readings);
    }
    wake.wait_for(lock, stop, limits::bench_memory_look, [] { return false; });
  }
}

std::vector<process_cost> cost_meter::finish() {
  watcher_.request_stop();
  watcher_.join();
  auto end = read();
  std::vector<process_cost> costs;
  for (const auto* const name : part_names) {
    const auto& last = end[name];
    costs.push_back({name, std::max(0.0, last.cpu_seconds - begin_[name].cpu_seconds), last.memory_bytes,
                     std::max(peaks_[name], last.memory_bytes)});
  }
  return costs;
}

double cpu_seconds_of(pid_t node) {
  double sum = 0;
  for (const auto& [name, processes] : parts_of(node))
    if (name != "bench")
      for (const auto& p : processes) sum += p.cpu_seconds;
  return sum;
}

} // namespace agentmon::bench
