#pragma once
#include "protocol/failure.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <poll.h>
#include <string>
#include <type_traits>
#include <utility>

namespace agentmon::service::testing {

/// A folder in the system's temporary one that vanishes with its object.
class temporary_folder {
public:
  temporary_folder() {
    auto name = (std::filesystem::temp_directory_path() / "agentmon-services-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  temporary_folder(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }

  std::filesystem::path path;
};

/// Waits for a condition; false when it has not come true in time. `look` may block, as ready() does, or return at
/// once.
template <class Condition>
bool eventually(Condition look, std::chrono::milliseconds patience = std::chrono::seconds{30}) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!look()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 5); // looks again soon, and leaves the processor to what is waited for
  }
  return true;
}

/// Fails the test with the failure's own sentence.
template <class T>
T must(result<T>&& it) {
  if (!it) FAIL(it.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*it);
}

} // namespace agentmon::service::testing
