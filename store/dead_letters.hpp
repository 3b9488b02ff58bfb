#pragma once
#include "protocol/event.hpp"
#include "store/writing.hpp"

#include <span>
#include <string_view>

namespace agentmon::store {

/// Keeps dead letters, within the caller's transaction or in one of its own; the same body with the same reason is kept
/// once.
result<void> save(connection&, std::span<const dead_letter>);

/// The text of the element at `index` of a JSON array that is known to be valid; of a single object, the object.
std::string_view element_at(std::string_view json, size_t index);

} // namespace agentmon::store
