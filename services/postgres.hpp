#pragma once
#include "protocol/failure.hpp"
#include "services/server.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace agentmon::service {

/// The private PostgreSQL of a data folder: a cluster in DATA/postgres with the database and the superuser "agentmon",
/// reached by a Unix socket only. Whoever may enter the cluster's folder (mode 0700: the user it runs as, and root) may
/// connect without a password, because he could as well read the files.
/// PostgreSQL refuses to run as root; started by root it runs as the user "postgres", who needs no access to the
/// folders above DATA/postgres: the server gets its folder as an open descriptor.
/// For one thread at a time, which must live as long as the server is to live (services/child.hpp).
class postgres {
public:
  /// Takes the data folder (made if absent); starts nothing. fault::unavailable when another agentmon has it.
  static result<postgres> open(const std::filesystem::path& data);

  /// Stops what an earlier life left, makes the cluster at the first time (about a second; at most
  /// limits::service_create_timeout), and starts the server. Returns when it was started, before it answers.
  /// fault::invalid: trying again is useless until somebody does what the message says. Nothing to do when it runs.
  result<void> start();

  bool running() { return server_.running(); }

  /// One look at whether it accepts connections; blocks at most limits::service_probe_timeout.
  health look();
  bool ready() { return look() == health::ready; }

  /// Fast shutdown: open transactions are rolled back, the next start needs no recovery. Blocks until it has ended,
  /// at most limits::service_stop_timeout, then by force (server::stop_left_over).
  result<void> stop() { return server_.stop(); }

  /// How the last server process ended and what it logged, for people.
  std::string ending() const { return server_.ending(); }

  /// For libpq; the same for the life of the data folder.
  const std::string& connection_string() const { return connection_string_; }

private:
  explicit postgres(server);

  result<void> make_cluster(const std::filesystem::path& programs, const std::optional<account>& user);
  result<void> configure(const std::optional<account>& user);
  result<void> make_short_path() const;

  server server_;
  std::filesystem::path cluster_;
  std::filesystem::path socket_folder_;             ///< as clients name it
  std::optional<std::filesystem::path> short_path_; ///< a symbolic link to it, when it is too long for a socket
  std::string connection_string_;
};

} // namespace agentmon::service
