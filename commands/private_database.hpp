#pragma once
#include "protocol/failure.hpp"
#include "services/descriptor.hpp"

#include <filesystem>
#include <string>

namespace agentmon {

/// The way to the private PostgreSQL of a data folder for somebody who did not start it. The socket's folder is held
/// open and named by its descriptor, because its whole path may be too long for a socket.
class private_database {
public:
  /// fault::unavailable: there is no such server, or it does not run.
  static result<private_database> in(const std::filesystem::path& data_dir);

  /// For libpq; valid in this process as long as this lives.
  std::string connection_string() const;

  /// The socket's folder, as a descriptor.
  int folder() const { return folder_.get(); }

private:
  explicit private_database(service::descriptor folder) : folder_{std::move(folder)} {}
  service::descriptor folder_;
};

} // namespace agentmon
