#pragma once
#include "protocol/failure.hpp"
#include "services/server.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace agentmon::service {

/// The private nats-server of a data folder: JetStream in DATA/nats/store, on a loopback port of its own, with a
/// password of its own (both are kept in DATA/nats, mode 0600, beside the configuration that is written from them).
/// For one thread at a time, which must live as long as the server is to live (services/child.hpp).
class nats {
public:
  /// Takes the data folder (made if absent); starts nothing. fault::unavailable when another agentmon has it.
  static result<nats> open(const std::filesystem::path& data);

  /// Stops what an earlier life left and starts the server. Returns when it was started, before it answers.
  /// fault::invalid: trying again is useless until somebody does what the message says. Nothing to do when it runs.
  result<void> start();

  bool running() { return server_.running(); }

  /// One look at whether it greets a client and has its JetStream; blocks at most limits::service_probe_timeout.
  health look();
  bool ready() { return look() == health::ready; }

  /// Orderly stop. Blocks until it has ended, at most limits::service_stop_timeout, then by force.
  result<void> stop() { return server_.stop(); }

  /// How the last server process ended and what it logged, for people.
  std::string ending() const { return server_.ending(); }

  /// nats://agentmon:PASSWORD@127.0.0.1:PORT. Known after start(); the port is another one after a start() that found
  /// the old one taken.
  const std::string& url() const { return url_; }

private:
  explicit nats(server it) : server_{std::move(it)}, folder_{server_.data() / "nats"} {}

  result<void> configure();

  server server_;
  std::filesystem::path folder_;
  uint16_t port_ = 0;
  std::string url_;
};

} // namespace agentmon::service
