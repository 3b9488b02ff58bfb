#pragma once
#include "store/connection.hpp"
#include "store/parameters.hpp"

#include <optional>
#include <set>
#include <string>

/// Sessions by what one of their runs holds: /v1/sessions?q= (schema/openapi.yaml says what that is).
namespace agentmon::store {

/// What the user typed, as a tsquery in text form; empty when there is no word in it.
result<std::string> read_session_words(connection&, const std::string& q);

/// All sessions that hold the words; nothing when very many do: more than limits::search_runs_found runs, or a part
/// of the newest and of the oldest ones.
result<std::optional<std::set<std::string>>> sessions_with(connection&, const std::string& words);

/// Those of some sessions that hold them.
result<std::set<std::string>> sessions_with(connection&, const std::string& words, const column& session_ids);

} // namespace agentmon::store
