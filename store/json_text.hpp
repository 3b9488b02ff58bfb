#pragma once
#include <string>
#include <string_view>

namespace agentmon::store {

/// JSON text as PostgreSQL's jsonb takes it: the escape \u0000, which JSON allows and jsonb does not, becomes \ufffd
/// (the replacement character). `buffer` holds the text when it had to be changed; else the view is the input.
std::string_view storable(std::string_view json, std::string& buffer);

} // namespace agentmon::store
