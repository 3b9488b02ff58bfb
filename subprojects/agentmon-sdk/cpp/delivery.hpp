#pragma once
#include "waiting.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::sdk::detail {

/// What came of a request; status 0: there was no connection, or no answer in time.
struct answer {
  int status = 0;
  std::string retry_after = {};
  std::string body = {};
};

/// How draining reaches the world.
struct draining {
  std::function<answer(const std::vector<std::string>& events)> post;
  std::function<bool(std::chrono::duration<double>)> pause; ///< false: stop
  std::function<void(std::size_t)> rejected;                ///< so many events are dropped
  std::function<void(std::string_view kind, const std::string&)> say;
};

/// Sends what waits, oldest first, until nothing is left or a pause says stop.
void drain(waiting&, const draining&);

} // namespace agentmon::sdk::detail
