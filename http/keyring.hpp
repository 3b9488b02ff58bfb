#pragma once
#include "http/router.hpp"
#include "protocol/access_key.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// Requests since this process began: let in with a key; refused with it, whole or some of their events.
struct key_counts {
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> rejected{0};
};

struct known_key {
  access_key about;
  std::shared_ptr<key_counts> counts;
};

/// The access keys as this node knows them, in memory: asking costs a look-up and one SHA-256. Who replaces them from
/// time to time is actors/key_reader.cpp. Safe from any thread.
class keyring {
public:
  /// All keys there are, in place of those before; from now on these and no others count. Closes the WebSockets that
  /// came with a key that does not count any more, or without one where one is needed now.
  void set(const std::vector<access_key>&, timestamp now);

  /// Closes the WebSockets whose key has expired.
  void look(timestamp now);

  /// There may be keys, but they are not known yet; set() ends that.
  void await() { awaited_ = true; }
  bool awaited() const { return awaited_; }

  /// Is there, or was there, a key for sending or for asking? Then nobody gets in without one.
  bool guards(access_scope) const;

  /// The key, when it counts and is for this; else why not. `digest` is the text's SHA-256. Compares in constant time;
  /// counts.
  using passed = tl::expected<std::shared_ptr<const known_key>, response>;
  passed check(std::string_view key_text, std::string_view digest, access_scope, timestamp now) const;

  /// Requests that were refused because they came with no key or token, or with a wrong one.
  uint64_t strangers() const { return strangers_; }

  std::vector<std::shared_ptr<const known_key>> all() const;

  /// A WebSocket that set() and look() watch, from its handshake to its end; `key` may be absent.
  void opened(const websocket_peer&, access_scope, std::shared_ptr<const known_key> key);
  void closed(connection_id);

private:
  using key_map = std::map<std::string, std::shared_ptr<const known_key>, std::less<>>;
  struct open_socket {
    websocket_peer peer;
    access_scope scope;
    std::shared_ptr<const known_key> key;
  };
  std::shared_ptr<const key_map> keys() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const key_map> keys_ = std::make_shared<key_map>();
  std::map<connection_id, open_socket> sockets_;
  std::atomic<bool> awaited_{false};
  std::atomic<bool> guards_ingest_{false};
  std::atomic<bool> guards_query_{false};
  mutable std::atomic<uint64_t> strangers_{0};
};

} // namespace agentmon
