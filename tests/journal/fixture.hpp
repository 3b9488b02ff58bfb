#pragma once
#include "journal/journal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <limits>

namespace agentmon::testing {

/// A folder of its own under the system's temporary folder, removed with the object.
class temporary_folder {
public:
  temporary_folder() {
    path_ = std::filesystem::temp_directory_path() / ("agentmon-journal-" + to_string(make_uuid()));
    std::filesystem::create_directories(path_);
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// Small segments, no memory of the tail (so that reads meet the disk), no reserve.
inline journal::settings small(const std::filesystem::path& folder) {
  return {.path = folder / "journal",
          .bound_bytes = 16 * limits::MiB,
          .segment_bytes = 4 * limits::MiB,
          .disk_reserve = 0,
          .cache_bytes = 0};
}

/// The value, or a failed test that shows why there is none.
template <class T>
T must(result<T> outcome) {
  if (!outcome) FAIL(outcome.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

/// Text of exactly `bytes` bytes that tells its name; the name is cut where it does not fit.
inline std::string text_of(std::string_view name, size_t bytes) {
  std::string text{name.substr(0, bytes)};
  text.resize(bytes, '.');
  return text;
}

/// One synced record.
inline void write(journal& into, std::string_view json, uint32_t events = 1) {
  must(into.append(json, events));
  must(into.sync());
}

inline std::vector<journal::record> read_all(journal& from) {
  return must(from.read(from.first_uncommitted(), std::numeric_limits<size_t>::max()));
}

inline std::vector<std::string> payloads(const std::vector<journal::record>& records) {
  std::vector<std::string> found;
  found.reserve(records.size());
  for (const auto& each : records) found.push_back(each.payload);
  return found;
}

inline std::vector<uint64_t> numbers(const std::vector<journal::record>& records) {
  std::vector<uint64_t> found;
  found.reserve(records.size());
  for (const auto& each : records) found.push_back(each.number);
  return found;
}

/// The files of the journal whose names hold this text, in order.
inline std::vector<std::filesystem::path> files_with(const journal::settings& chosen, std::string_view part) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator{chosen.path})
    if (entry.path().filename().string().find(part) != std::string::npos) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

inline std::vector<std::filesystem::path> segments_of(const journal::settings& chosen) {
  auto found = files_with(chosen, ".segment");
  std::erase_if(found, [](const auto& path) { return path.extension() != ".segment"; });
  return found;
}

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream stream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

inline void set_content(const std::filesystem::path& path, std::string_view content) {
  std::ofstream stream{path, std::ios::binary | std::ios::trunc};
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
}

} // namespace agentmon::testing
