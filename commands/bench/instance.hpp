#pragma once
#include "commands/private_database.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/failure.hpp"
#include "services/child.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace agentmon::bench {

/// A folder under the system's temporary one; goes with all that is in it.
class temporary_folder {
public:
  static result<temporary_folder> make();
  temporary_folder(temporary_folder&& other) noexcept : path_{std::exchange(other.path_, {})} {}
  temporary_folder& operator=(temporary_folder&&) = delete;
  ~temporary_folder();

  const std::filesystem::path& path() const { return path_; }
  /// Does it lie in memory, where a sync costs nothing?
  bool is_in_memory() const;

private:
  explicit temporary_folder(std::filesystem::path path) : path_{std::move(path)} {}
  std::filesystem::path path_;
};

/// This program as a child process, `agentmon up`, with a data folder of its own, its private servers and free ports of
/// the loopback. Its destruction stops it and takes the folder away. For the thread that made it.
class instance {
public:
  /// Returns when all of it is ready; at most limits::bench_start_timeout. fault::stopping: an interrupt was requested.
  static result<instance> start();

  instance(instance&&) = default;
  instance& operator=(instance&&) = delete;
  ~instance();

  const endpoint& gateway() const { return gateway_; }
  const endpoint& query() const { return query_; }
  pid_t id() const { return process_->id(); }
  const temporary_folder& folder() const { return folder_; }

  /// Of the private PostgreSQL, with another database's name when one is given; valid as long as this lives.
  std::string database(const std::string& name = {}) const;

  /// Of the private nats-server.
  result<std::string> nats_url() const;

  /// How it ended, if it did, with the last lines of its log.
  std::optional<std::string> ending();

private:
  instance(temporary_folder folder, endpoint gateway, endpoint query)
      : folder_{std::move(folder)}, gateway_{std::move(gateway)}, query_{std::move(query)} {}
  result<void> launch();
  result<void> wait_until_ready();
  std::filesystem::path data() const { return folder_.path() / "data"; }

  temporary_folder folder_;
  endpoint gateway_, query_, page_;
  std::unique_ptr<service::child> process_; ///< empty when moved from
  std::optional<private_database> database_;
};

} // namespace agentmon::bench
