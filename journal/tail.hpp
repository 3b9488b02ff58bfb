#pragma once
#include "journal/record.hpp"

#include <deque>

namespace agentmon::journal_files {

/// A record with its bytes as they stand on the disk, header first.
struct stored_record {
  uint64_t number = 0;
  uint32_t events = 0;
  timestamp time;
  std::string bytes;

  record_view view() const {
    return {.number = number, .events = events, .time = time, .payload = std::string_view{bytes}.substr(header_bytes)};
  }
};

/// The newest records in memory, up to a bound: a reader that keeps up never reads the disk.
class tail {
public:
  explicit tail(size_t bound_bytes) : bound_bytes_{bound_bytes} {}

  /// Adds the newest record; the oldest ones leave when the bound is passed.
  void add(stored_record record) {
    bytes_ += record.bytes.capacity();
    records_.push_back(std::move(record));
    while (bytes_ > bound_bytes_) {
      bytes_ -= records_.front().bytes.capacity();
      records_.pop_front();
    }
  }

  /// Whether this record and all behind it are here.
  bool covers(uint64_t number) const { return !records_.empty() && number >= records_.front().number; }

  const std::deque<stored_record>& records() const { return records_; }

private:
  std::deque<stored_record> records_;
  size_t bytes_ = 0;
  size_t bound_bytes_;
};

} // namespace agentmon::journal_files
