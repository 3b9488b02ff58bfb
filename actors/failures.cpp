#include "actors/messages.hpp"

#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

namespace agentmon {

caf::error to_error(const failure& f) { return caf::make_error(f.code, f.message); }

failure to_failure(const caf::error& e) {
  if (e.category() == caf::atom("agentmon")) {
    const auto code = static_cast<fault>(e.code());
    const auto& context = e.context();
    if (context.match_elements<std::string>()) return {code, context.get_as<std::string>(0)};
    return {code, std::string{to_string(code)}};
  }
  if (e == caf::sec::request_timeout) return {fault::timeout, "no answer in time"};
  if (e == caf::sec::request_receiver_down) return {fault::unavailable, "it is being restarted; try again"};
  return {fault::unavailable, "it failed and is being restarted; try again"};
}

std::string fault_text(uint8_t code, const caf::message& context) {
  const auto word = std::string{to_string(static_cast<fault>(code))};
  return context.match_elements<std::string>() ? word + ": " + context.get_as<std::string>(0) : word;
}

} // namespace agentmon
