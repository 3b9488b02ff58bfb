#pragma once
#include "protocol/log.hpp"
#include "protocol/time.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What is known of the parts that log. Safe from any thread.
namespace agentmon::log {

/// Lines of this part below this level are dropped, whatever holds for the others; set_level(level) forgets it.
void set_level(level, std::string_view part);

/// What a part said last at level warn or error: the message with its fields.
struct complaint {
  timestamp at;
  std::string text;
};
std::optional<complaint> last_complaint(std::string_view part);

} // namespace agentmon::log
