#pragma once
#include "monitor/inside.hpp"
#include "monitor/instance.hpp"
#include "monitor/known_hosts.hpp"
#include "monitor/private_key.hpp"
#include "monitor/resolver.hpp"
#include "services/descriptor.hpp"

#include <chrono>
#include <libssh2.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::monitor {

/// An SSH connection to one machine, that never waits: whoever has it polls its socket and calls advance() when that is
/// ready or the deadline has come. It logs in once and then runs one command after the other. For one thread.
class ssh_connection {
public:
  using clock = std::chrono::steady_clock;

  enum class progress : uint8_t {
    waiting,  ///< for its socket, until the deadline
    ready,    ///< logged in, and runs nothing
    answered, ///< the command has ended; ready again once answer() is called
    failed,   ///< it is closed; failure() says why
  };

  /// What a command wrote, and how it ended.
  struct output {
    std::string text;
    std::string errors; ///< what it wrote on standard error, at most limits::probe_errors_bytes
    int status = 0;
  };

  explicit ssh_connection(const ssh_place& place) : place_{place} {}
  ssh_connection(const ssh_connection&) = delete;
  ssh_connection& operator=(const ssh_connection&) = delete;
  ~ssh_connection() { close(); }

  /// Connects to the first address that takes it, and logs in. Key and known_hosts are read anew.
  void connect(std::vector<address>);

  /// Runs a command with that input; the connection is ready.
  void run(std::string command, std::string input);

  /// Closes it without a farewell, which a dead peer would never take.
  void close();

  progress advance();

  output answer();
  inside_reading failure() const { return failure_; }

  /// It failed in a way that another connection may not: it was closed before it said who it is, or while it was kept.
  bool may_try_again() const { return try_again_; }

  bool is_open() const { return static_cast<bool>(socket_); }
  int descriptor() const { return socket_.get(); }
  short events() const; ///< to poll for
  clock::time_point deadline() const { return deadline_; }

private:
  enum class phase : uint8_t {
    closed,
    connecting,
    handshake,
    login,
    ready,
    opening,
    starting,
    sending,
    reading,
    ending
  };
  struct end_session {
    void operator()(LIBSSH2_SESSION*) const;
  };

  void try_address();
  void connecting();
  void handshake();
  void check_host_key();
  void login();
  void opening();
  void starting();
  void sending();
  void reading();
  void ending();

  bool read_all();
  static ssize_t receive(libssh2_socket_t, void* buffer, size_t size, int flags, void** connection);
  void out_of_time();
  void handshake_failed(int error);
  void login_failed(int error);
  void lost(const std::string& doing);
  void fail_as(reach, std::string reason, bool try_again = false);
  std::string name() const;
  std::string said() const; ///< libssh2's words for the last error

  const ssh_place place_;
  phase phase_ = phase::closed;
  clock::time_point deadline_ = clock::time_point::max();
  inside_reading failure_;
  bool try_again_ = false;

  std::vector<address> addresses_; ///< not tried yet
  known_host known_;
  private_key key_; ///< while it connects

  service::descriptor socket_;
  std::unique_ptr<LIBSSH2_SESSION, end_session> session_;
  LIBSSH2_CHANNEL* channel_ = nullptr; ///< of session_
  std::string greeting_;               ///< the first bytes of the server

  std::string command_;
  std::string input_;
  std::string_view unsent_; ///< of input_
  bool kept_ = false;       ///< a command has run before
  clock::time_point probe_deadline_;
  output output_;
  size_t received_ = 0; ///< bytes of this command
};

} // namespace agentmon::monitor
