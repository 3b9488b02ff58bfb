#include "protocol/event.hpp"

namespace agentmon {

std::string_view to_string(outcome status) {
  switch (status) {
  case outcome::none: return "";
  case outcome::success: return "success";
  case outcome::error: return "error";
  case outcome::aborted: return "aborted";
  }
  return "";
}

std::string_view to_string(fault code) {
  switch (code) {
  case fault::invalid: return "invalid";
  case fault::not_found: return "not_found";
  case fault::overload: return "overload";
  case fault::unavailable: return "unavailable";
  case fault::timeout: return "timeout";
  case fault::corrupt: return "corrupt";
  case fault::duplicate: return "duplicate";
  case fault::stopping: return "stopping";
  }
  return "unknown";
}

} // namespace agentmon
