#pragma once
#include "protocol/failure.hpp"
#include "protocol/limits.hpp"
#include "services/child.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace agentmon::service {

/// What one look at a server shows.
enum class health : uint8_t {
  down,     ///< there is no process
  silent,   ///< it runs but does not answer; for longer than limits::service_start_timeout it is as good as dead
  starting, ///< it says that it is busy with its own recovery: however long that takes, starting it anew makes it
            ///< longer
  ready,
};

/// What is different from one private server to the next.
struct server_traits {
  std::string title;                 ///< for people: "PostgreSQL"
  std::string name;                  ///< of its files in the data folder: NAME.lock, NAME.log, NAME.log.old
  std::vector<std::string> programs; ///< names of the processes it is made of
  int stop_signal = SIGTERM;         ///< stops it orderly
  int quit_signal = SIGKILL;         ///< stops it when that took longer than
  std::chrono::milliseconds stop_timeout = limits::service_stop_timeout;
};

/// A server that belongs to one data folder: at most one agentmon holds it (a lock), at most one process serves it.
/// Each process of it has its folder open as held_descriptor, from its first instruction on; so one that outlived its
/// agentmon is recognised without a pid file, which a crash leaves wrong.
/// For one thread at a time; what child says about that thread holds here too.
class server {
public:
  /// Makes the data folder if absent and takes the lock in it. fault::unavailable when another agentmon has it.
  static result<server> claim(const std::filesystem::path& data, server_traits);

  server(server&&) = default;
  server& operator=(server&&) = delete;

  /// Stops the server if it runs, as stop() does.
  ~server();

  /// The data folder, absolute and without symbolic links.
  const std::filesystem::path& data() const { return data_; }

  /// Ends every process that uses `folder` and is not from this life: orderly, then by force. Blocks until they are
  /// gone, at most server_traits::stop_timeout + 2 limits::service_quit_timeout; fault::timeout when some are not.
  result<void> stop_left_over(const std::filesystem::path& folder) const;

  /// Starts the server's program with `folder` as held_descriptor, its output in NAME.log.
  result<void> launch(command, const std::filesystem::path& folder);

  bool running() { return child_ && child_->running(); }

  /// Orderly stop; blocks as stop_left_over() does. Nothing to do when it does not run.
  result<void> stop();

  /// How the last process ended and the last lines that it logged, for people.
  std::string ending() const;

private:
  server(std::filesystem::path data, server_traits traits, descriptor lock)
      : data_{std::move(data)}, traits_{std::move(traits)}, lock_{std::move(lock)} {}

  std::filesystem::path log() const { return data_ / (traits_.name + ".log"); }

  std::filesystem::path data_;
  server_traits traits_;
  descriptor lock_;
  std::filesystem::path folder_; ///< of the running server
  std::optional<child> child_;
  uintmax_t log_start_ = 0; ///< size of the log when the server was started
};

} // namespace agentmon::service
