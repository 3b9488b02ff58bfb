#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The client's side of RFC 6455, just enough to test ours.
namespace agentmon::frames {

constexpr uint8_t text = 1;
constexpr uint8_t binary = 2;
constexpr uint8_t close = 8;
constexpr uint8_t ping = 9;
constexpr uint8_t pong = 10;

/// One frame, masked as a client must.
inline std::string masked(uint8_t opcode, std::string_view payload, bool fin = true, uint8_t reserved = 0) {
  constexpr std::string_view key = "\x12\x34\x56\x78";
  std::string out;
  out += static_cast<char>((fin ? 0x80 : 0) | (reserved << 4) | opcode);
  const auto size = payload.size();
  if (size < 126)
    out += static_cast<char>(0x80 | size);
  else {
    const int bytes = size <= 0xffff ? 2 : 8;
    out += static_cast<char>(0x80 | (bytes == 2 ? 126 : 127));
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>((size >> shift) & 0xff);
  }
  out += key;
  for (size_t i = 0; i < size; ++i) out += static_cast<char>(payload[i] ^ key[i % key.size()]);
  return out;
}

/// A goodbye with a code.
inline std::string goodbye(uint16_t code, std::string_view reason = "") {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload += reason;
  return masked(close, payload);
}

struct frame {
  uint8_t opcode = 0;
  std::string payload;
  /// Of a close frame; 1005 when it has none.
  uint16_t code() const {
    if (payload.size() < 2) return 1005;
    return static_cast<uint16_t>((static_cast<unsigned char>(payload[0]) << 8)
                                 | static_cast<unsigned char>(payload[1]));
  }
};

/// Takes the first whole frame of a server off the front.
inline std::optional<frame> take(std::string& bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])); };
  if (bytes.size() < 2) return std::nullopt;
  const auto size7 = byte(1);
  const size_t extra = size7 == 127 ? 8 : size7 == 126 ? 2 : 0;
  if (bytes.size() < 2 + extra) return std::nullopt;
  uint64_t size = extra == 0 ? size7 : 0;
  for (size_t i = 0; i < extra; ++i) size = (size << 8) | byte(2 + i);
  if (bytes.size() < 2 + extra + size) return std::nullopt;
  frame out{static_cast<uint8_t>(byte(0) & 0xf), bytes.substr(2 + extra, size)};
  bytes.erase(0, 2 + extra + size);
  return out;
}

} // namespace agentmon::frames
