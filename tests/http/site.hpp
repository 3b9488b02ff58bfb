#pragma once
#include "http/listener.hpp"
#include "http/worker.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace agentmon {

/// Settings whose time-outs a test can wait for. Each test shortens only what it is about.
listener_settings quick();

/// A listener with a small application, on a free port.
///   POST /echo        the body              GET /name/{name}  the name
///   GET /large?n=     n bytes               GET /hold         answered by GET /release, never otherwise
///   GET /throw        an exception          GET /drop         no answer at all
///   /ws               echoes texts ("hold": kept unanswered until GET /release; "close": closes with 4000)
///   GET /push?n=&size= n frames of that size to every WebSocket
///   GET /tunnel?port= a tunnel to that port of this machine
class site {
public:
  explicit site(const listener_settings& = {}, size_t workers = 1);
  ~site();
  site(const site&) = delete;
  site& operator=(const site&) = delete;

  uint16_t port() const { return at_.port; }
  const listener_actor& listener() const { return at_.actor; }
  listener_stats stats();

  /// What happened to the WebSockets of this site, in order: "opened", "congested", "caught up", "closed".
  std::vector<std::string> history() const;
  /// Texts received, held ones included.
  std::atomic<size_t> texts = 0;

  caf::actor_system_config& config() { return config_; }
  caf::actor_system& system() { return system_; }

private:
  struct configuration : caf::actor_system_config {
    configuration();
  };
  router routes();
  void note(std::string);

  mutable std::mutex mutex_; // these two are used until the last actor has ended
  std::vector<std::string> history_;
  configuration config_;
  caf::actor_system system_{config_};
  std::vector<worker_actor> workers_;
  listening at_;
};

} // namespace agentmon
