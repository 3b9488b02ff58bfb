#include "journal/segment.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <system_error>

namespace agentmon::journal_files {
namespace {

constexpr size_t name_digits = 20; // of the largest 64-bit number, so that names sort as their numbers do
constexpr std::string_view name_ending = ".segment";

std::string name_of(uint64_t first) {
  const auto digits = std::to_string(first);
  std::string name(name_digits - digits.size(), '0');
  name += digits;
  name += name_ending;
  return name;
}

std::optional<uint64_t> number_of(const std::string& name) {
  if (name.size() != name_digits + name_ending.size() || !name.ends_with(name_ending)) return {};
  const char* const digits_end = name.data() + name_digits;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), digits_end, number);
  if (error != std::errc{} || end != digits_end || number == 0) return {};
  return number;
}

} // namespace

segment::segment(const std::filesystem::path& folder, uint64_t first_number)
    : path{folder / name_of(first_number)}, first{first_number}, last{first_number - 1} {}

void segment::add(uint64_t number, uint32_t events_in_it, uint64_t stored) {
  if (marks.empty() || length - marks.back().offset >= limits::landmark_bytes)
    marks.push_back({number, length, events});
  last = number;
  length += stored;
  events += events_in_it;
}

landmark segment::before(uint64_t number) const {
  const auto above = std::ranges::upper_bound(marks, number, {}, &landmark::number);
  return above == marks.begin() ? landmark{.number = first} : *std::prev(above);
}

result<std::vector<uint64_t>> list_segments(const std::filesystem::path& folder) {
  std::vector<uint64_t> numbers;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator{folder, error}; !error && entry != end(entry);
       entry.increment(error))
    if (const auto number = number_of(entry->path().filename().string())) numbers.push_back(*number);
  if (error) return tl::unexpected{system_failure("list the folder", folder, error.value())};
  std::ranges::sort(numbers);
  return numbers;
}

segment_reader::segment_reader(const file& source, uint64_t begin, uint64_t end, uint64_t lowest, uint64_t highest,
                               size_t block_bytes)
    : source_{source},
      block_bytes_{block_bytes},
      at_{begin},
      end_{end},
      lowest_{lowest},
      highest_{highest},
      buffer_{std::make_unique_for_overwrite<char[]>(std::max(block_bytes, header_bytes + limits::record_bytes))} {}

/// The bytes from `at`: at least `wanted`, or all up to the end.
result<std::string_view> segment_reader::look(uint64_t at, size_t wanted) {
  const bool inside = at >= buffered_at_ && at <= buffered_at_ + buffered_;
  const size_t skipped = inside ? static_cast<size_t>(at - buffered_at_) : 0;
  size_t kept = inside ? buffered_ - skipped : 0;
  if (inside && (kept >= wanted || at + kept >= end_)) return std::string_view{buffer_.get() + skipped, kept};
  std::memmove(buffer_.get(), buffer_.get() + skipped, kept);
  buffered_at_ = at;
  buffered_ = kept;
  const auto missing = std::min<uint64_t>(end_ - at - kept, std::max(wanted, block_bytes_) - kept);
  const auto got = source_.read_at(at + kept, {buffer_.get() + kept, static_cast<size_t>(missing)});
  if (!got) return tl::unexpected{got.error()};
  buffered_ += *got;
  return std::string_view{buffer_.get(), buffered_};
}

result<std::optional<record_view>> segment_reader::record_at(uint64_t at) {
  auto bytes = look(at, header_bytes);
  if (!bytes) return tl::unexpected{bytes.error()};
  const auto length = bytes->size() < header_bytes ? std::nullopt : stored_bytes(*bytes);
  if (!length) return std::nullopt;
  bytes = look(at, *length);
  if (!bytes) return tl::unexpected{bytes.error()};
  const auto record = parse(*bytes);
  if (!record || record->number < lowest_ || record->number > highest_) return std::nullopt;
  return record;
}

/// Where the next valid record begins, or the end.
result<uint64_t> segment_reader::find_record(uint64_t from) {
  for (uint64_t at = from; at < end_;) {
    const auto bytes = look(at, header_bytes);
    if (!bytes) return tl::unexpected{bytes.error()};
    if (bytes->size() < header_bytes) break;
    const size_t found = bytes->find(record_magic);
    if (found == std::string_view::npos) {
      at += bytes->size() - record_magic.size() + 1;
      continue;
    }
    at += found;
    const auto record = record_at(at);
    if (!record) return tl::unexpected{record.error()};
    if (*record) return at;
    ++at;
  }
  return end_;
}

result<std::optional<stretch>> segment_reader::next() {
  if (at_ >= end_) return std::nullopt;
  auto record = record_at(at_);
  if (!record) return tl::unexpected{record.error()};
  stretch found{.begin = at_, .record = *record};
  if (*record) {
    found.end = at_ + (*record)->stored_bytes();
    lowest_ = (*record)->number + 1;
  } else {
    const auto end = find_record(at_ + 1);
    if (!end) return tl::unexpected{end.error()};
    found.end = *end;
  }
  at_ = found.end;
  return found;
}

result<void> copy_range(const std::filesystem::path& from, uint64_t begin, uint64_t end,
                        const std::filesystem::path& to) {
  std::error_code ignored;
  if (std::filesystem::exists(to, ignored)) return {};
  const auto source = file::open(from, O_RDONLY);
  if (!source) return tl::unexpected{source.error()};
  const auto copy = file::open(to, O_WRONLY | O_CREAT | O_TRUNC);
  if (!copy) return tl::unexpected{copy.error()};
  std::vector<char> block(static_cast<size_t>(std::min<uint64_t>(end - begin, limits::journal_block_bytes)));
  for (uint64_t at = begin; at < end;) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(end - at, block.size()));
    const auto got = source->read_at(at, std::span{block}.first(wanted));
    if (!got) return tl::unexpected{got.error()};
    if (*got == 0) break;
    const std::string_view bytes{block.data(), *got};
    if (auto written = copy->write_at(at - begin, {&bytes, 1}); !written) return written;
    at += *got;
  }
  return {};
}

} // namespace agentmon::journal_files
