#pragma once
#include "bus/connection.hpp"
#include "bus/publish.hpp"
#include "bus/pull.hpp"
#include "bus/stream.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace agentmon::bus::test {

/// How long a test waits for something that must happen; generous, because only a failing test waits that long.
constexpr auto patience = std::chrono::seconds{15};

/// A folder under the system's temporary one, gone with the object.
class temporary_folder {
public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// A real nats-server with JetStream on a free port of the loopback interface, its store in a temporary folder.
/// It dies with the test, whatever happens to that.
class nats_server {
public:
  struct options {
    std::vector<std::string> arguments = {};
    bool jetstream = true;
  };

  nats_server();
  explicit nats_server(options);
  ~nats_server();
  nats_server(const nats_server&) = delete;
  nats_server& operator=(const nats_server&) = delete;

  std::string url() const;
  bus_settings settings() const;

  void start();  ///< on the same port, with the same store; returns when it accepts connections
  void stop();   ///< in good order
  void kill();   ///< SIGKILL
  void freeze(); ///< SIGSTOP
  void thaw();   ///< SIGCONT

  // While it is down:
  void wipe_store();
  void save_store();    ///< a copy
  void restore_store(); ///< back to the copy

private:
  std::filesystem::path store() const { return folder_.path() / "store"; }
  std::filesystem::path saved() const { return folder_.path() / "saved"; }
  void end(int signal);

  temporary_folder folder_;
  options options_;
  int port_ = 0;
  pid_t process_ = -1;
};

/// What callbacks brought, for the test's thread to wait for.
template <class T>
class collected {
public:
  void add(T item) {
    const std::lock_guard lock{mutex_};
    items_.push_back(std::move(item));
    changed_.notify_all();
  }

  /// The first `count` items, or fewer when they do not come in time.
  std::vector<T> wait_for(size_t count, std::chrono::milliseconds limit = patience) const {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, limit, [&] { return items_.size() >= count; });
    return items_;
  }

  size_t size() const {
    const std::lock_guard lock{mutex_};
    return items_.size();
  }

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<T> items_;
};

struct answer {
  uint64_t token = 0;
  uint64_t sequence = 0; ///< 0: refused
  bool duplicate = false;
  fault code = fault::invalid;
  std::string reason;
};

/// Everything that one connection brings, as an owner would hold it: what uses the connection is destroyed before it.
struct epoch {
  explicit epoch(const bus_settings&);

  /// Publishes and waits for the answer.
  answer publish(std::string_view events, const std::string& id);
  /// Asks for messages and waits until the request has ended.
  result<size_t> pull(puller::demand);

  collected<std::string> lost;
  collected<answer> answers;
  collected<bus_message> messages;
  collected<result<size_t>> ends;
  connection bus;
  result<stream_state> stream;
  result<void> consumer;
  publisher out;
  puller in;
};

/// Calls `done` until it is true; false when patience ends first.
template <class F>
bool eventually(F&& done) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock{mutex};
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    never.wait_for(lock, std::chrono::milliseconds{5});
  }
  return true;
}

/// Letters in no order, which packing does not make smaller.
std::string incompressible(size_t bytes);

inline std::string text_of(const bus_message& message) { return {message.payload.begin(), message.payload.end()}; }

} // namespace agentmon::bus::test
