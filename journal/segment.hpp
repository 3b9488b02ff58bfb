#pragma once
#include "journal/file.hpp"
#include "journal/record.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace agentmon::journal_files {

/// A known place in a segment, from which records can be read.
struct landmark {
  uint64_t number = 0;        ///< of the record that begins here
  uint64_t offset = 0;        ///< bytes from the file's beginning
  uint64_t events_before = 0; ///< in the segment's records before this one
};

/// What is kept in memory of one segment file: where its records are, not what they hold.
struct segment {
  segment(const std::filesystem::path& folder, uint64_t first_number);

  /// Takes note of a record at offset `length`.
  void add(uint64_t number, uint32_t events_in_it, uint64_t stored);

  /// The nearest place at or before the record (or the gap where it would be).
  landmark before(uint64_t number) const;

  std::filesystem::path path;
  uint64_t first = 0;           ///< the number in its name: no record here is below
  uint64_t last = 0;            ///< the highest number here; first - 1 when there is none
  uint64_t length = 0;          ///< bytes that count; what may stand behind them was refused
  uint64_t events = 0;          ///< in all its records
  std::vector<landmark> marks;  ///< rising, limits::landmark_bytes apart
  std::vector<uint64_t> damage; ///< offsets of damaged ranges that were reported
};

/// The numbers that the segments of a folder have in their names, rising.
result<std::vector<uint64_t>> list_segments(const std::filesystem::path& folder);

/// A stretch of a segment: one valid record, or bytes between valid records that hold none.
struct stretch {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::optional<record_view> record; ///< valid until the next step
};

/// Steps through a range of a segment file, sums checked, by large reads.
class segment_reader {
public:
  /// Reads the bytes [begin, end) of a file that outlives the reader; a record whose number is not within
  /// [lowest, highest], or not above its predecessor's, does not belong here and counts as damage. `block_bytes` are
  /// read at once, more for a larger record.
  segment_reader(const file& source, uint64_t begin, uint64_t end, uint64_t lowest, uint64_t highest,
                 size_t block_bytes);

  /// The next stretch; nothing at the end. Fails only when the file cannot be read.
  result<std::optional<stretch>> next();

private:
  result<std::string_view> look(uint64_t at, size_t wanted);
  result<std::optional<record_view>> record_at(uint64_t at);
  result<uint64_t> find_record(uint64_t from);

  const file& source_;
  size_t block_bytes_;
  uint64_t at_;
  uint64_t end_;
  uint64_t lowest_;
  uint64_t highest_;
  std::unique_ptr<char[]> buffer_;
  uint64_t buffered_at_ = 0;
  size_t buffered_ = 0;
};

/// Copies the bytes [begin, end) of a file to a new one; a copy that is there already is left alone.
result<void> copy_range(const std::filesystem::path& from, uint64_t begin, uint64_t end,
                        const std::filesystem::path& to);

} // namespace agentmon::journal_files
