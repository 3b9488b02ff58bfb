#include "journal/mark.hpp"

#include "journal/record.hpp"

#include <array>
#include <cstring>
#include <fcntl.h>

namespace agentmon::journal_files {
namespace {

constexpr uint64_t second_offset = 512; // a disk sector of its own
constexpr size_t number_bytes = sizeof(uint64_t);
constexpr size_t slot_bytes = number_bytes + sizeof(uint32_t); // the number and its CRC32C, little-endian

using slot = std::array<char, slot_bytes>;

uint32_t sum_of(const slot& bytes) { return crc32c({bytes.data(), number_bytes}); }

uint64_t number_in(const slot& bytes) {
  uint64_t number = 0;
  uint32_t sum = 0;
  std::memcpy(&number, bytes.data(), number_bytes);
  std::memcpy(&sum, bytes.data() + number_bytes, sizeof sum);
  return sum == sum_of(bytes) ? number : 0;
}

} // namespace

result<mark> mark::open(const std::filesystem::path& path) {
  auto opened = file::open(path, O_RDWR | O_CREAT);
  if (!opened) return tl::unexpected{opened.error()};
  mark it{std::move(*opened)};
  for (const uint64_t offset : {uint64_t{0}, second_offset}) {
    slot bytes{};
    if (auto got = it.slots_.read_at(offset, bytes); !got) return tl::unexpected{got.error()};
    const uint64_t number = number_in(bytes);
    if (number <= it.number_) continue;
    it.number_ = number;
    it.second_is_next_ = offset == 0;
  }
  return it;
}

result<void> mark::set(uint64_t number) {
  slot bytes{};
  std::memcpy(bytes.data(), &number, number_bytes);
  const uint32_t sum = sum_of(bytes);
  std::memcpy(bytes.data() + number_bytes, &sum, sizeof sum);
  const std::string_view content{bytes.data(), bytes.size()};
  if (auto written = slots_.write_at(second_is_next_ ? second_offset : 0, {&content, 1}); !written) return written;
  number_ = number;
  second_is_next_ = !second_is_next_;
  return {};
}

} // namespace agentmon::journal_files
