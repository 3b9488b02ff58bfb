#include "waiting.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

namespace agentmon::sdk::detail {
namespace {

constexpr std::size_t batch_events = 500;
constexpr std::size_t batch_bytes = 1 << 20;
constexpr std::size_t memory_bytes = 32 << 20;
constexpr std::size_t spool_bytes = 64 << 20;

} // namespace

descriptor::~descriptor() {
  if (number_ >= 0) close(number_);
}

bool memory::add(const std::string& event) {
  const std::lock_guard lock(mutex_);
  if (bytes_ + event.size() > memory_bytes) return false;
  events_.push_back(event);
  bytes_ += event.size();
  return true;
}

batch memory::next() {
  const std::lock_guard lock(mutex_);
  batch oldest;
  std::size_t bytes = 0;
  for (const std::string& event : events_) {
    bytes += event.size();
    if (oldest.events.size() == batch_events || (!oldest.events.empty() && bytes > batch_bytes)) break;
    oldest.events.push_back(event);
  }
  return oldest;
}

void memory::remove(const batch& sent) {
  const std::lock_guard lock(mutex_);
  for (const std::string& event : sent.events) {
    bytes_ -= event.size();
    events_.pop_front();
  }
}

std::size_t memory::size() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

spool::spool(std::filesystem::path folder) : folder_(std::move(folder)) {
  if (std::filesystem::create_directories(folder_))
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  for (const auto& file : files()) {
    std::error_code gone;
    const auto size = std::filesystem::file_size(file, gone);
    if (!gone) bytes_ += size;
  }
}

bool spool::add(const std::string& event) {
  if (bytes_ + event.size() > spool_bytes) return false;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  char name[80];
  std::snprintf(name, sizeof name, "%017lld-%09zu-%d",
                static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(now).count()), ++number_,
                static_cast<int>(getpid()));
  const auto part = folder_ / (std::string(name) + ".part");
  std::error_code failure;
  {
    std::ofstream file(part, std::ios::binary);
    if (!(file << event << '\n' << std::flush)) {
      std::filesystem::remove(part, failure);
      return false;
    }
  }
  std::filesystem::rename(part, folder_ / (std::string(name) + ".jsonl"), failure);
  if (failure) return false;
  bytes_ += event.size() + 1;
  return true;
}

std::optional<descriptor> spool::turn() const {
  descriptor lock(open((folder_ / "sending").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.number() >= 0 && flock(lock.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return std::nullopt;
  return lock;
}

batch spool::next() {
  batch oldest;
  std::size_t bytes = 0;
  for (const auto& path : files()) {
    // A file of the TypeScript client may hold several events; one that another process has sent is gone.
    std::ifstream file(path, std::ios::binary);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
      if (!line.empty()) lines.push_back(line);
    for (const std::string& line : lines) bytes += line.size();
    const bool too_many = oldest.events.size() + lines.size() > batch_events;
    if (!oldest.files.empty() && (too_many || bytes > batch_bytes)) break;
    std::ranges::move(lines, std::back_inserter(oldest.events));
    oldest.files.push_back(path);
  }
  return oldest;
}

void spool::remove(const batch& sent) {
  for (const auto& file : sent.files) {
    std::error_code gone;
    const auto size = std::filesystem::file_size(file, gone);
    if (!gone && std::filesystem::remove(file, gone)) bytes_ -= std::min<std::size_t>(bytes_, size);
  }
}

std::vector<std::filesystem::path> spool::files() const {
  std::vector<std::filesystem::path> found;
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, unreadable))
    if (entry.path().extension() == ".jsonl") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

} // namespace agentmon::sdk::detail
