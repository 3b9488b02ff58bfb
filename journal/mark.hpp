#pragma once
#include "journal/file.hpp"

namespace agentmon::journal_files {

/// The number up to which everything is committed, in a file of two slots that are written in turn: a write that a
/// crash tears leaves the other slot, one step older. It is never synced, because a mark that lags only sends records
/// again.
class mark {
public:
  /// Opens or makes the file. Slots that do not check count as 0.
  static result<mark> open(const std::filesystem::path& path);

  uint64_t number() const { return number_; }
  result<void> set(uint64_t number);

private:
  explicit mark(file slots) : slots_{std::move(slots)} {}

  file slots_;
  uint64_t number_ = 0;
  bool second_is_next_ = false;
};

} // namespace agentmon::journal_files
