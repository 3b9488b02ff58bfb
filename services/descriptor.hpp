#pragma once
#include <unistd.h>
#include <utility>

namespace agentmon::service {

/// Owns one open file descriptor; closes it when it goes.
class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int number) : number_{number} {}
  descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int get() const { return number_; }

  /// From now on the caller owns it.
  int release() { return std::exchange(number_, -1); }

  explicit operator bool() const { return number_ >= 0; }

private:
  int number_ = -1;
};

} // namespace agentmon::service
