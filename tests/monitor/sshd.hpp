#pragma once
#include "monitor/instance.hpp"
#include "services/child.hpp"
#include "tests/services/temporary.hpp"

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace agentmon::monitor::testing {

/// A port of 127.0.0.1 that nobody listens on.
uint16_t free_port();

struct sshd_traits {
  std::vector<std::string> host_keys = {"ed25519"}; ///< their types
  std::string settings = {};                        ///< further lines of sshd_config
};

/// A real sshd on a port of 127.0.0.1, into which this user may log in with a key made for it. As root, the user's
/// shell is /bin/sh there, whatever the machine says.
class sshd {
public:
  explicit sshd(const sshd_traits& = {});
  sshd(const sshd&) = delete;
  ~sshd() { stop(); }

  /// With its key, and a known_hosts that names the host by the key of that type.
  ssh_place place(const std::string& host_key = "ed25519") const;

  /// Starts it on the same port again.
  void start(const sshd_traits& = {});
  void stop(); ///< with all that it started
  void signal_all(int number) const;
  size_t sessions() const; ///< open connections

  /// What stands before the key in authorized_keys, such as command="...".
  void authorize(const std::string& options) const;

  /// A key made by ssh-keygen with these arguments.
  std::filesystem::path make_key(const std::string& name, const std::vector<std::string>& how) const;

  std::filesystem::path folder() const { return folder_.path; }
  uint16_t port() const { return port_; }

private:
  service::testing::temporary_folder folder_;
  uint16_t port_ = free_port();
  std::optional<service::child> server_;
};

} // namespace agentmon::monitor::testing
