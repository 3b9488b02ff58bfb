#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agentmon::store {

/// JSON text as PostgreSQL's jsonb takes it: the escape \u0000, which JSON allows and jsonb does not, becomes \ufffd
/// (the replacement character). `buffer` holds the text when it had to be changed; else the view is the input.
std::string_view storable(std::string_view json, std::string& buffer);

/// The members of a JSON object, each name (escapes as they are written) with the text of its value. `json` is an
/// object as PostgreSQL gives a jsonb; of other values there are no members.
std::vector<std::pair<std::string_view, std::string_view>> members_of(std::string_view json);

/// The text of a JSON string as PostgreSQL gives it, with a space for each control character, or other JSON as it is:
/// as far as `bytes` of the JSON go.
std::string beginning_of_text(std::string_view json, size_t bytes);

} // namespace agentmon::store
