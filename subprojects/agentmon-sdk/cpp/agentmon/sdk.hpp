#pragma once
/// Tells agentmon what an AI agent does: sessions, runs and spans. See ../README.md, and ../../README.md for what is
/// promised.
#include <agentmon/value.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace agentmon::sdk {

/// Where events go and who sends them. What is empty is read from the environment (../../README.md).
struct config {
  std::string framework; ///< the kind of agent
  std::string url = {};  ///< of the gateway, as http://localhost:8080
  std::string token = {};
  std::string client_id = {}; ///< which installation of it
  std::string host = {};      ///< the machine it runs on
  std::string spool = {};     ///< a folder where events wait; empty: in memory
};

/// What an event belongs to; empty ones are not told.
struct identity {
  std::string session_id = {}, run_id = {}, span_id = {}, parent_span_id = {}, trace_id = {};
};

/// One thing that happened. Without a session id it belongs to the scope around the caller; without a time it is now.
struct event {
  std::string type;
  object payload = {};
  identity ids = {};
  object attributes = {};
  std::optional<std::chrono::system_clock::time_point> at = {};
};

/// What a scope may be given at its beginning.
struct given {
  std::string id = {}; ///< a UUIDv7 when it is empty
  value input = {};
};

namespace detail {
class core;
}

/// A session, run or span, from here to its destructor, which tells the end: success, or error when an exception passes
/// through. To be left in the thread that opened it, the innermost first; hand it to another thread for what belongs to
/// it there.
class scope {
public:
  ~scope();
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;

  void output(value of) { output_ = std::move(of); }
  void usage(object figures) { usage_ = std::move(figures); }
  /// It ends with this error, whatever happens else.
  void failed(std::string type, std::string message);
  void failed(const std::exception&);
  /// It was cancelled.
  void aborted() { status_ = "aborted"; }

  const identity& ids() const { return ids_; }
  /// Within this scope, in whatever thread.
  scope run(given = {}) const;
  scope span(std::string kind, std::string name = {}, given = {}) const;

private:
  friend class emitter;
  scope(std::shared_ptr<detail::core>, std::string level, identity, object labels, value input);

  std::shared_ptr<detail::core> core_;
  std::string level_;
  identity ids_;
  object labels_;
  value output_;
  std::optional<object> usage_;
  std::string status_;
  object error_;
  const scope* outer_;
  int exceptions_ = std::uncaught_exceptions();
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// Sends events from a thread of its own. For any number of threads. Nothing here throws, and nothing waits for the
/// network but flush, close and the destructor.
class emitter {
public:
  /// What is wrong with the configuration is said on standard error; events are dropped then.
  explicit emitter(const config&) noexcept;
  /// Closes it.
  ~emitter();
  emitter(const emitter&) = delete;
  emitter& operator=(const emitter&) = delete;

  void emit(event) noexcept;

  /// A conversation.
  scope session(given = {});
  /// One user message until the agent's answer.
  scope run(given = {});
  /// A piece of work in a run; kind is tool, model, compaction or subagent, name the tool's.
  scope span(std::string kind, std::string name = {}, given = {});

  /// Sends what waits, without pausing first; false when something still waits after that time.
  bool flush(std::chrono::milliseconds = std::chrono::seconds(5)) noexcept;
  /// Takes no more events, and flushes; what is in memory after that time is dropped. A connection that is being made
  /// then is waited for (15 s at most).
  bool close(std::chrono::milliseconds = std::chrono::seconds(5)) noexcept;

  /// How many events were dropped, by reason.
  std::map<std::string, std::size_t> dropped() const;

private:
  std::shared_ptr<detail::core> core_;
};

} // namespace agentmon::sdk
