#pragma once
#include "protocol/failure.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace agentmon::journal_files {

/// The failure for a system call that set `error`: "cannot <what> <path>: <reason>; <what to do>". A full disk, quota
/// or file size limit is fault::overload (it passes), everything else fault::unavailable.
failure system_failure(std::string_view what, const std::filesystem::path&, int error);

/// An open file, closed with the object. Every failure names the file. One thread at a time.
class file {
public:
  /// `flags` as for open(2); new files are readable by their owner only, and no child process inherits the descriptor.
  static result<file> open(std::filesystem::path path, int flags);

  file(file&& other) noexcept;
  file& operator=(file&& other) noexcept;
  ~file();

  /// Fills `into` from `offset`; returns how many bytes there were, fewer only at the end of the file. Pages that the
  /// disk cannot give back (EIO) come as zeros: to a reader that checks sums they are damage, and not the end.
  result<size_t> read_at(uint64_t offset, std::span<char> into) const;

  /// Writes all parts, one behind the other, from `offset`. After a failure any prefix of them may be in the file.
  result<void> write_at(uint64_t offset, std::span<const std::string_view> parts) const;

  result<void> cut(uint64_t length) const;
  result<void> sync() const; ///< fdatasync: contents and length
  result<uint64_t> length() const;

  /// Takes the file's lock for as long as the object lives; false when another one holds it.
  result<bool> lock() const;

  const std::filesystem::path& path() const { return path_; }

private:
  file(std::filesystem::path path, int descriptor) : path_{std::move(path)}, descriptor_{descriptor} {}

  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// Makes the folder and those above it, for the owner only, each known to the disk.
result<void> make_folder(const std::filesystem::path&);

/// Makes the folder's list of names (files created, renamed, removed) survive a power failure.
result<void> sync_folder(const std::filesystem::path&);

/// Bytes that an ordinary user may still write to the file system of this folder.
result<uint64_t> free_bytes(const std::filesystem::path& folder);

/// Removes the file; one that is not there is no failure.
result<void> remove_file(const std::filesystem::path&);

/// Puts `content` in the place of the file, synced, as a whole or not at all.
result<void> replace_file(const std::filesystem::path&, std::string_view content);

} // namespace agentmon::journal_files
