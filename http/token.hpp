#pragma once
#include "http/exchange.hpp"
#include "http/keyring.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agentmon {

/// Equal? Takes the same time wherever the texts differ (their lengths may be learned).
bool same_secret(std::string_view a, std::string_view b);

/// What a port lets in.
struct door {
  const keyring* keys = nullptr; ///< outlives the router
  access_scope scope = access_scope::ingest;
  std::optional<std::string> token; ///< counts beside the keys
  bool reached_by_others = false;   ///< it is not on loopback alone

  bool guarded() const { return token || keys->guards(scope); }
  /// Nobody knows yet whether there are keys: others than this machine must wait for that.
  bool waits() const { return keys->awaited() && reached_by_others; }
};

/// A router::before that wants `Authorization: Bearer <token or key>` where the door is guarded. A WebSocket handshake,
/// where a browser cannot set headers, may carry `?token=` instead; keys are not taken from an address, which ends in
/// logs. Without it: 401; with a key that is for something else: 403; while the door waits: 503. The exchange keeps the
/// key.
std::function<std::optional<response>(const exchange&)> require_access(door);

/// A router::before that refuses (403) WebSocket handshakes from a web page of another site: a browser sends them for
/// any page, and they are not held back as other requests between sites are. Programs send no Origin and pass.
std::optional<response> refuse_other_pages(const exchange&);

} // namespace agentmon
