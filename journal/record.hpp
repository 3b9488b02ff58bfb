#pragma once
#include "protocol/limits.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The bytes of a record. A segment is a row of records with nothing between them; a record is, little-endian:
///
///   offset  size  field
///   0       4     magic F5 41 4D FF: no UTF-8 text holds these bytes, so no payload can be taken for a record
///   4       4     CRC32C of everything from offset 8 to the end of the payload
///   8       4     bytes of the payload, 1 to limits::record_bytes
///   12      4     events in the payload
///   16      8     record number, rising through a segment and from one segment to the next
///   24      8     time of the sync that wrote it, microseconds since 1970
///   32            payload: envelopes as JSON, separated by commas
namespace agentmon::journal_files {

constexpr size_t header_bytes = 32;
constexpr std::string_view record_magic = "\xF5"
                                          "AM\xFF";

/// A record whose bytes stand in somebody else's memory.
struct record_view {
  uint64_t number = 0;
  uint32_t events = 0;
  timestamp time;
  std::string_view payload;

  size_t stored_bytes() const { return header_bytes + payload.size(); }
};

/// Writes the header into the first header_bytes of `record`, whose payload is in its place behind them.
void seal(std::string& record, uint64_t number, uint32_t events, timestamp time);

/// How many bytes the record that begins here has, judged by its magic and length alone; nothing when none begins here.
/// Needs header_bytes.
std::optional<size_t> stored_bytes(std::string_view bytes);

/// The record that begins here, when all of it is here and its sum is right.
std::optional<record_view> parse(std::string_view bytes);

/// CRC32C (Castagnoli), as in RFC 3720.
uint32_t crc32c(std::string_view bytes);

} // namespace agentmon::journal_files
