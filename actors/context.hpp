#pragma once
#include "actors/health.hpp"
#include "actors/metrics.hpp"
#include "actors/roster.hpp"
#include "actors/supervision.hpp"
#include "bus/settings.hpp"
#include "http/token.hpp"
#include "protocol/limits.hpp"
#include "settings/settings.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

namespace agentmon {

/// Where PostgreSQL and NATS are, as far as it is known: from the settings at once, from private services as soon as
/// they run (a private NATS may come back on another port). Safe from any thread.
class endpoints {
public:
  void set_database(std::string conninfo) {
    const std::lock_guard lock{mutex_};
    database_ = std::move(conninfo);
  }
  void set_nats(std::string url) {
    const std::lock_guard lock{mutex_};
    nats_ = std::move(url);
  }
  std::optional<std::string> database() const {
    const std::lock_guard lock{mutex_};
    return database_;
  }
  std::optional<std::string> nats() const {
    const std::lock_guard lock{mutex_};
    return nats_;
  }

private:
  mutable std::mutex mutex_;
  std::optional<std::string> database_;
  std::optional<std::string> nats_;
};

/// How much waits in NATS, as the puller saw it last. Safe from any thread.
class bus_lag {
public:
  struct seen {
    timestamp at;
    uint64_t messages = 0; ///< in the stream: not yet committed
    uint64_t bytes = 0;
    uint64_t undelivered = 0;    ///< of those, no processor has taken them yet
    uint64_t unacknowledged = 0; ///< of those, with a processor
  };
  void set(const seen& now) {
    const std::lock_guard lock{mutex_};
    last_ = now;
  }
  /// Nothing when it is older than limits::bus_lag_age.
  std::optional<seen> get() const {
    const std::lock_guard lock{mutex_};
    return last_ && now() - last_->at <= limits::bus_lag_age ? last_ : std::nullopt;
  }

private:
  mutable std::mutex mutex_;
  std::optional<seen> last_;
};

/// A port that others than this machine reach.
struct open_port {
  std::string name;
  door at;
};

/// What all actors of a node share; outlives them.
struct node_context {
  settings config;
  health status;
  metrics counts;
  endpoints servers;
  roster members;
  supervision actors;
  std::vector<setting_line> lines = {}; ///< the settings as `config` shows them
  bus_lag bus = {};
  keyring keys = {};
  std::vector<open_port> open_ports = {};    ///< not changed once the ports are open
  std::atomic<uint64_t> processing_bytes{0}; ///< pulled from the bus, not yet committed
  std::atomic<int64_t> feed_bytes{0};        ///< of the live feed, not yet made into frames
  std::atomic<bool> storing_behind{false};   ///< more events wait than fit into a transaction
};

/// The bus as this node's settings name it; nothing while a private NATS has not started.
inline std::optional<bus::bus_settings> bus_of(const node_context& node) {
  auto url = node.servers.nats();
  if (!url) return std::nullopt;
  bus::bus_settings bus;
  bus.url = std::move(*url);
  bus.subject = node.config.nats_topic;
  // The private server shares its disk with PostgreSQL and the journal, and refuses a stream that would not fit.
  std::error_code ignored;
  if (const auto space = std::filesystem::space(node.config.data_dir, ignored); !node.config.nats_url && !ignored)
    bus.stream_bytes = std::min<uint64_t>(bus.stream_bytes, space.available / 4);
  return bus;
}

} // namespace agentmon
