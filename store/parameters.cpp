#include "store/parameters.hpp"

namespace agentmon::store {

std::string column::text() const {
  std::string out;
  out.reserve(fields_.size() + 5 * sizeof(int32_t));
  binary::append_integer<int32_t>(out, 1); // dimensions
  binary::append_integer<int32_t>(out, has_null_ ? 1 : 0);
  binary::append_integer<int32_t>(out, static_cast<int32_t>(type_));
  binary::append_integer<int32_t>(out, size_);
  binary::append_integer<int32_t>(out, 1); // index of the first element
  out += fields_;
  return out;
}

} // namespace agentmon::store
