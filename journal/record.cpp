#include "journal/record.hpp"

#include <bit>
#include <cstring>
#include <isa-l/crc.h>

namespace agentmon::journal_files {
namespace {

struct header {
  uint32_t magic = 0;
  uint32_t sum = 0;
  uint32_t payload_bytes = 0;
  uint32_t events = 0;
  uint64_t number = 0;
  int64_t time_us = 0;
};
static_assert(sizeof(header) == header_bytes && std::has_unique_object_representations_v<header>);
static_assert(std::endian::native == std::endian::little, "the header is copied as it lies in memory");

constexpr size_t summed_from = offsetof(header, payload_bytes);

header header_at(std::string_view bytes) {
  header head;
  std::memcpy(&head, bytes.data(), header_bytes);
  return head;
}

} // namespace

uint32_t crc32c(std::string_view bytes) {
  // ISA-L asks for a pointer to non-const bytes but only reads them; the inversions are the caller's.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~uint32_t{0});
}

void seal(std::string& record, uint64_t number, uint32_t events, timestamp time) {
  header head{.payload_bytes = static_cast<uint32_t>(record.size() - header_bytes),
              .events = events,
              .number = number,
              .time_us = time.time_since_epoch().count()};
  std::memcpy(&head.magic, record_magic.data(), record_magic.size());
  std::memcpy(record.data(), &head, header_bytes);
  head.sum = crc32c(std::string_view{record}.substr(summed_from));
  std::memcpy(record.data() + offsetof(header, sum), &head.sum, sizeof head.sum);
}

std::optional<size_t> stored_bytes(std::string_view bytes) {
  if (!bytes.starts_with(record_magic)) return {};
  const header head = header_at(bytes);
  if (head.payload_bytes == 0 || head.payload_bytes > limits::record_bytes) return {};
  return header_bytes + head.payload_bytes;
}

std::optional<record_view> parse(std::string_view bytes) {
  if (bytes.size() < header_bytes) return {};
  const auto length = stored_bytes(bytes);
  if (!length || bytes.size() < *length) return {};
  const header head = header_at(bytes);
  if (crc32c(bytes.substr(summed_from, *length - summed_from)) != head.sum) return {};
  return record_view{.number = head.number,
                     .events = head.events,
                     .time = timestamp{std::chrono::microseconds{head.time_us}},
                     .payload = bytes.substr(header_bytes, head.payload_bytes)};
}

} // namespace agentmon::journal_files
