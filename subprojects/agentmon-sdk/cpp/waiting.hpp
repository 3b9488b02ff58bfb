#pragma once
#include <atomic>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace agentmon::sdk::detail {

/// The events of one request.
struct batch {
  std::vector<std::string> events;
  std::vector<std::filesystem::path> files; ///< where they are kept, if in files

  bool empty() const { return events.empty() && files.empty(); }
};

/// An open file, or none.
class descriptor {
public:
  explicit descriptor(int number = -1) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor();

  int number() const { return number_; }

private:
  int number_;
};

/// What waits for the gateway. For any number of threads that add, and one that takes.
class waiting {
public:
  virtual ~waiting() = default;
  /// False when there is no room.
  virtual bool add(const std::string& event) = 0;
  virtual bool empty() const = 0;
  /// Held while its maker takes, sends and removes; none while another process does.
  virtual std::optional<descriptor> turn() const = 0;
  /// The oldest events, at most one request full of them.
  virtual batch next() = 0;
  /// Forgets events that the gateway has.
  virtual void remove(const batch&) = 0;
};

/// Events that are gone with the process.
class memory : public waiting {
public:
  bool add(const std::string& event) override;
  bool empty() const override { return size() == 0; }
  std::optional<descriptor> turn() const override { return descriptor{}; }
  batch next() override;
  void remove(const batch&) override;
  std::size_t size() const;

private:
  mutable std::mutex mutex_;
  std::deque<std::string> events_;
  std::size_t bytes_ = 0;
};

/// Events in a folder, a file each, named by time: there whole or not at all, and until the gateway has them. Processes
/// that share a folder send in turns, each what all have told.
class spool : public waiting {
public:
  /// Throws std::filesystem::filesystem_error when the folder cannot be made.
  explicit spool(std::filesystem::path folder);
  bool add(const std::string& event) override;
  bool empty() const override { return files().empty(); }
  /// The system takes the lock from a process that dies. Where nothing can be locked everybody sends: some events
  /// twice, which are stored once.
  std::optional<descriptor> turn() const override;
  batch next() override;
  void remove(const batch&) override;

private:
  std::vector<std::filesystem::path> files() const;

  std::filesystem::path folder_;
  std::atomic<std::size_t> number_ = 0;
  std::atomic<std::size_t> bytes_ = 0;
};

} // namespace agentmon::sdk::detail
