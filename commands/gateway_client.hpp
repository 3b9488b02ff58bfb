#pragma once
#include "protocol/event.hpp"
#include "protocol/failure.hpp"
#include "protocol/limits.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// What the gateway said to one batch.
struct batch_answer {
  size_t accepted = 0;
  std::vector<rejection> rejected; ///< by their position in the batch
};

/// Sends batches to a gateway's POST /v1/events. For one thread.
class gateway_client {
public:
  struct options {
    std::string url;                                          ///< http://host:port or https://host:port
    std::optional<std::string> token;                         ///< of AGENTMON_INGEST_TOKEN
    std::chrono::milliseconds timeout = limits::emit_timeout; ///< how long one batch is tried
    /// Waits before the next try; false gives up. Tests put in one that does not wait.
    std::function<bool(std::chrono::milliseconds)> pause;
    /// Told once a batch when it has to be tried again, with the reason.
    std::function<void(std::string_view)> on_retry;
  };

  explicit gateway_client(options);
  ~gateway_client();
  gateway_client(gateway_client&&) noexcept;

  const std::string& url() const { return options_.url; }

  /// Brings in a JSON array of events. Connection errors, 429, 503 and the other 5xx are tried again, as Retry-After
  /// says or with growing pauses, until options::timeout; that is harmless, for an event counts once whatever arrives
  /// how often. fault::unavailable or timeout: not known to be stored; fault::invalid: refused as a whole (a wrong
  /// token, a wrong address); fault::stopping: options::pause gave up.
  result<batch_answer> post(const std::string& json);

private:
  struct attempt;
  attempt try_once(const std::string& json);
  std::chrono::milliseconds pause_before(int tries, const attempt&) const;

  struct connection;
  options options_;
  std::unique_ptr<connection> connection_;
};

} // namespace agentmon
