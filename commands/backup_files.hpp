#pragma once
#include "protocol/failure.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace agentmon {

/// A backup is a folder: postgres/ as pg_basebackup made it, with its own list of checksums (backup_manifest);
/// journal/*.segment, the events that may not be in it; single files of the data folder; and, written last,
/// agentmon-backup.json with the checksums of all that pg_basebackup did not list.
struct backed_up_file {
  std::string path; ///< within the backup
  uint64_t bytes = 0;
  std::string sha_256; ///< hexadecimal
};

/// Told how many bytes were dealt with since it was told last; false stops the work (fault::stopping).
using on_bytes = std::function<bool(uint64_t)>;

/// SHA-256 of a file, hexadecimal.
result<std::string> checksum(const std::filesystem::path&, const on_bytes&);

/// Copies a file, mode included, syncs it, and gives its checksum.
result<std::string> copy_file(const std::filesystem::path& from, const std::filesystem::path& to, const on_bytes&);

/// The bytes of all files below a folder, or of a file.
uint64_t bytes_below(const std::filesystem::path&);

std::string manifest_text(const std::vector<backed_up_file>&);

/// The manifest of a backup. fault::invalid: there is none, so it is no backup, or not a whole one.
result<std::vector<backed_up_file>> read_manifest(const std::filesystem::path& backup);

constexpr auto manifest_name = "agentmon-backup.json";

} // namespace agentmon
