#pragma once
#include "protocol/failure.hpp"
#include "store/connection.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace agentmon::store {

/// A monitor asks for machines that it knows; gives those that it alone may look after for `life` from now on. A
/// machine that another one has is not given before that one's time is over or it has released it; of several that
/// asked within `life`, always the same one is preferred, and who is not gets no more time.
result<std::vector<std::string>> ask_for_machines(connection&, const std::string& monitor,
                                                  const std::vector<std::string>& vms, std::chrono::seconds life);

/// The monitor no longer looks after these.
result<void> release_machines(connection&, const std::string& monitor, const std::vector<std::string>& vms);

} // namespace agentmon::store
