#pragma once
#include "protocol/limits.hpp"
#include "protocol/time.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
struct MetricFamily;
} // namespace prometheus

namespace agentmon {

struct message_counts;

enum class actor_state : uint8_t {
  up,
  restarting, ///< it has ended and is started again in a moment
  stuck,      ///< it works at one message for longer than its patience
  given_up,   ///< it crashed too often; what is above it decides
};
std::string_view to_string(actor_state);

/// The name that an actor has in the log: a pool's members share one.
std::string_view log_part(std::string_view name);

/// One end of an actor that was not wanted.
struct actor_failure {
  timestamp at;
  std::string reason;
};

/// An actor as it is now; what is unknown is absent.
struct actor_status {
  std::string name;  ///< unique on its node
  std::string above; ///< the role, or the actor, that it belongs to
  actor_state state = actor_state::up;
  timestamp since;                         ///< when this life began, or its last one ended
  uint64_t restarts = 0;                   ///< in this process
  std::optional<uint64_t> messages;        ///< handled in this process
  std::optional<uint64_t> mailbox;         ///< that wait, with the one in hand
  std::optional<double> rate;              ///< handled a second, over the last moment
  std::optional<actor_failure> last_error; ///< its last end, or what it complained of since
  std::vector<actor_failure> failures;     ///< its last ends, newest last, up to limits::failures_kept
};

/// {"name","above","state","since",...,"failures":[...]}
std::string to_json(const actor_status&);

/// The book on one supervised actor: its keeper writes it, everybody may read. Safe from any thread.
class actor_record {
public:
  using clock = std::chrono::steady_clock;
  /// Asks its keeper to start it anew, for this reason; one that is stuck is not waited for. Safe from any thread.
  using restarter = std::function<void(bool stuck, const std::string& reason)>;

  actor_record(std::string name, std::string above, clock::duration patience, restarter);

  const std::string& name() const { return name_; }
  const std::string& above() const { return above_; }

  // -- from its keeper
  void started(std::shared_ptr<const message_counts>);
  void ended(actor_state, std::string reason);

  /// Has it started anew; false when nobody can do that.
  bool restart(const std::string& reason) const;

  /// Notes how far it is. True when it has just turned out to be stuck. After `slept`, nobody can be blamed.
  bool look(clock::time_point at, bool slept);

  /// How long it has been at the message in hand beyond its patience; nothing when it is not stuck.
  std::optional<clock::duration> overdue(clock::time_point at) const;

  actor_status status() const;

private:
  bool is_stuck() const;

  const std::string name_, above_;
  const clock::duration patience_;
  const restarter restart_;
  mutable std::mutex mutex_;
  actor_state state_ = actor_state::restarting;
  timestamp since_ = now();
  uint64_t starts_ = 0;
  std::shared_ptr<const message_counts> counts_;
  uint64_t handled_before_ = 0; ///< by earlier lives
  std::deque<actor_failure> failures_;

  struct sample {
    clock::time_point at;
    uint64_t handled;
  };
  std::optional<sample> newest_, older_; ///< of this life
  clock::time_point progress_;           ///< when it was last seen to handle something, or to have nothing to do
};

/// Whom this node supervises. Safe from any thread.
class supervision {
public:
  /// Opens a record; it is told of until it is left. What never handles a message for longer than `patience` is stuck.
  std::shared_ptr<actor_record> enter(std::string name, std::string above, actor_record::clock::duration patience,
                                      actor_record::restarter restart = {});
  void leave(const std::shared_ptr<actor_record>&);

  /// Called once a second by a thread that is no actor's: notices who is stuck, and has it replaced. Gives the names of
  /// those whom even that did not help, because nobody is left to do it.
  std::vector<std::string> look(actor_record::clock::time_point at = actor_record::clock::now());

  /// In the order in which they were entered.
  std::vector<actor_status> list() const;
  std::shared_ptr<actor_record> find(std::string_view name) const;

  /// agentmon_actor_*, for /metrics.
  std::vector<prometheus::MetricFamily> collect() const;

  /// Actors that were replaced while they hung, and have not returned: their threads cannot be joined.
  void abandon() { ++abandoned_; }
  void returned() { --abandoned_; }
  int abandoned() const { return abandoned_; }

private:
  std::vector<std::shared_ptr<actor_record>> all() const;

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<actor_record>> records_;
  std::optional<actor_record::clock::time_point> last_look_;
  std::atomic<int> abandoned_{0};
};

} // namespace agentmon
