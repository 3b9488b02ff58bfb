#pragma once
#include "protocol/failure.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace agentmon {

/// Inflates gzip (all members) or deflate (with a zlib head). Stops at `limit` bytes: fault::overload. Anything that is
/// not whole and sound: fault::invalid.
result<std::string> inflate(std::string_view compressed, size_t limit);

} // namespace agentmon
