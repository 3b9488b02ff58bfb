#pragma once
#include "protocol/failure.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// The bodies of bus messages are JSON as it is, or packed as one LZ4 frame, which no JSON can be taken for. Ours are a
/// quarter of their size then, and the bus is paid by the byte.
namespace agentmon {

/// As one LZ4 frame that tells its unpacked size.
std::string pack(std::string_view text);

bool is_packed(std::string_view body);

/// How many bytes the body is when unpacked: what its frame says, at most limits::unpacked_bytes; that bound for one
/// that does not say. A body that is not packed is its own size.
size_t unpacked_bytes(std::string_view body);

/// The JSON of a body, packed or not. fault::invalid when a packed one is damaged, does not end where its frame does,
/// or comes to more than limits::unpacked_bytes: no more memory than that is ever taken.
result<std::vector<char>> unpack(std::string_view body);

} // namespace agentmon
