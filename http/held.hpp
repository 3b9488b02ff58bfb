#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace agentmon {

/// A share of what one port's requests weigh while they are with its workers and behind: taken by the constructor (a
/// copy takes as much again), given back by the destructor, wherever that runs; a worker that crashes gives back what
/// was in its mailbox. Safe from any thread.
class held {
public:
  using total = std::atomic<uint64_t>;

  held() = default;
  held(std::shared_ptr<total> of, uint64_t bytes) : total_{std::move(of)}, bytes_{bytes} { add(); }
  held(const held& other) : total_{other.total_}, bytes_{other.bytes_} { add(); }
  held(held&& other) noexcept : total_{std::exchange(other.total_, nullptr)}, bytes_{other.bytes_} {}
  held& operator=(held other) noexcept {
    std::swap(total_, other.total_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~held() {
    if (total_) total_->fetch_sub(bytes_, std::memory_order_relaxed);
  }

private:
  void add() {
    if (total_) total_->fetch_add(bytes_, std::memory_order_relaxed);
  }

  std::shared_ptr<total> total_;
  uint64_t bytes_ = 0;
};

} // namespace agentmon
