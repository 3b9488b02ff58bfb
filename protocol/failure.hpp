#pragma once
#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace agentmon {

/// What kind of thing went wrong: callers branch on this, people read failure::message.
enum class fault : uint8_t {
  invalid = 1, ///< the input is wrong and will stay wrong; sending it again is useless
  not_found,   ///< no such session, run, machine or route
  overload,    ///< a named bound is reached; nothing was kept, send it again later
  unavailable, ///< a dependency is away; trying again may help
  timeout,     ///< a named time-out passed; whether it took effect is unknown
  corrupt,     ///< stored bytes are not what was written
  duplicate,   ///< a unique key exists already
  stopping,    ///< the process is on its way down
};

/// Stable lower-case name, used as error.code in HTTP answers and as a label in metrics.
std::string_view to_string(fault);

/// An error as a value: what went wrong and what to do about it, in one sentence that a user can act on.
struct failure {
  fault code = fault::invalid;
  std::string message;
};

template <class T>
using result = tl::expected<T, failure>;

inline tl::unexpected<failure> fail(fault code, std::string message) {
  return tl::unexpected<failure>{failure{code, std::move(message)}};
}

} // namespace agentmon
