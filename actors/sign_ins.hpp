#pragma once
#include "http/exchange.hpp"
#include "http/router.hpp"
#include "protocol/failure.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace agentmon {

/// The browsers that are signed in at the page: a browser has a random text in a cookie that no script reads, and the
/// page's server knows which access key that stands for. In memory only, so a start signs all out. Safe from any
/// thread.
class sign_ins {
public:
  /// The cookie's name; other ports of this host share the browser's cookies.
  explicit sign_ins(uint16_t port) : cookie_{"agentmon_" + std::to_string(port)} {}

  /// The key of the browser that sent this; nothing when it is not signed in.
  std::optional<std::string> key_of(const exchange&);

  /// Signs in with a key that was found to count; gives the Set-Cookie header. `secure`: the browser came by https.
  result<std::string> add(std::string key, bool secure);

  /// May a key be tried now? Not when too many were wrong in the last limits::sign_in_window.
  bool may_try();
  void failed();

  /// Signs this browser out; gives the Set-Cookie header.
  std::string remove(const exchange&);

private:
  using clock = std::chrono::steady_clock;
  struct entry {
    std::string key;
    clock::time_point used;
  };
  std::string id_in(const exchange&) const;

  std::string cookie_;
  std::mutex mutex_;
  std::map<std::string, entry, std::less<>> by_id_;
  clock::time_point window_{}; ///< when the failures began to be counted
  size_t failures_ = 0;
};

/// Was a request that changes something sent by a page of this very site? Browsers tell where a POST or DELETE comes
/// from; what comes from elsewhere, or does not tell, is refused.
bool is_own_page(const exchange&);

/// The key in the body of a sign-in, {"key":"..."}; empty when there is none.
std::string key_in_body(std::string_view body);

} // namespace agentmon
