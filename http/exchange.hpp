#pragma once
#include "http/messages.hpp"
#include "http/response.hpp"

#include <httplib.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agentmon {

struct known_key; // http/keyring.hpp

/// Where answers go: the listener in the product, a list in a test. Safe from any thread.
class outlet {
public:
  virtual ~outlet() = default;
  virtual void answer(std::vector<answered>) = 0;
  /// Takes `fd` over, whatever becomes of it.
  virtual void tunnel(connection_id, int32_t fd, std::string first_bytes) = 0;
};

/// Gathers answers and sends them at the end of its life: one message for each outlet, however many they are.
class answers {
public:
  answers() = default;
  answers(const answers&) = delete;
  answers& operator=(const answers&) = delete;
  ~answers();
  void add(const std::shared_ptr<outlet>&, answered);

private:
  std::vector<std::pair<std::shared_ptr<outlet>, std::vector<answered>>> gathered_;
};

/// One request that waits for its answer. Copies are handles to the same exchange, so that both callbacks of a
/// `.then` can hold it; the first answer wins. When the last copy is gone without an answer the client gets 500.
/// Only one thread may use an exchange at a time.
class exchange {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using captures = std::vector<std::pair<std::string, std::string>>;

  exchange(std::shared_ptr<outlet>, connection_id, httplib::Request, answer_form, std::string raw = {},
           time_point arrived = {}, held share = {});

  /// Method, target, headers, params (decoded), body (decoded: neither chunked nor compressed).
  const httplib::Request& request() const;

  /// The body, to be moved from.
  std::string& body();

  /// The decoded segment that matched {name} in the route's pattern; empty when there is none. "*" is the rest of the
  /// path (not decoded) behind a pattern that ends in "/*".
  std::string_view capture(std::string_view name) const;

  /// The value of a query parameter, or an empty text.
  std::string param(const char* name) const;

  /// Does the client want to turn the connection into a WebSocket?
  bool handshake() const { return !raw().empty(); }

  /// The request exactly as it came; kept for WebSocket handshakes only, else empty.
  const std::string& raw() const;

  connection_id connection() const;

  /// When the request had been read whole.
  time_point arrived() const;

  void answer(const response&);
  /// The same, sent with the others.
  void answer(const response&, answers&);

  /// Instead of an answer: from here on the connection is wired to this connected socket (owned by the listener from
  /// now on), which is first sent `first_bytes`.
  void tunnel(int32_t fd, std::string first_bytes);

  bool answered() const;

  /// Used by the router, before a handler sees the exchange.
  void set_captures(captures);

  /// The access key that the request came with, when one was asked for; kept by require_access.
  const std::shared_ptr<const known_key>& key() const;
  void set_key(std::shared_ptr<const known_key>);

  /// Used by the worker: nothing more is owed, because the connection is a WebSocket now.
  void release();

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace agentmon
