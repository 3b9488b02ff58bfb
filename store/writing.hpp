#pragma once
#include "protocol/event.hpp"
#include "protocol/fold.hpp"
#include "store/connection.hpp"
#include "store/machines.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace agentmon::store {

/// Something that came by the bus and cannot be stored, with the reason: kept for people, never in the way.
struct dead_letter {
  uint64_t stream_sequence = 0; ///< of the bus message; 0 when it is not known
  std::string reason;           ///< a sentence
  std::string field;            ///< dotted path of the fault; empty when it is the whole
  std::string_view body;        ///< the bytes; cut at limits::record_bytes when stored
  std::optional<uuid> event_id;
};

/// What one write() did. The states are those after the commit, of every session and run that got a new event.
struct commit_report {
  size_t new_events = 0;
  size_t duplicates = 0; ///< known already, in this call or in the store
  size_t dead = 0;       ///< went to dead_letters: refused by decoding, or by PostgreSQL
  std::vector<session_state> sessions;
  std::vector<run_state> runs;
  std::vector<shown_machine> machines;     ///< that sent a snapshot
  std::chrono::microseconds copy_time{};   ///< until the rows were in
  std::chrono::microseconds fold_time{};   ///< waiting for the fold lock is not in it
  std::chrono::microseconds lock_time{};   ///< waiting for other writers
  std::chrono::microseconds commit_time{}; ///< of COMMIT: the disk
};

/// A batch together with the bus message it came in.
struct incoming {
  const event_batch* batch = nullptr;
  uint64_t stream_sequence = 0; ///< 0 when it is not known
};

/// Writes batches of events: events, sessions, runs, rollups, machines in one transaction, so that they never disagree.
/// Used by one thread at a time; any number of writers, in any number of processes, may work on one database.
class event_writer {
public:
  /// Connects and readies the connection. The schema must be there (migrate()).
  static result<event_writer> open(const std::string& conninfo);

  /// Stores what is new in the batches (some limits::transaction_bytes in all do best) and commits. An event
  /// is known by its id within its UTC day; one that is stored already changes nothing. When this fails, nothing of it
  /// may be taken as stored, and the whole may be written again:
  ///   unavailable, timeout  the connection may be gone: open() a new writer, then write the same again;
  ///   overload              PostgreSQL's disk or memory is full: wait, then again.
  /// An event that PostgreSQL refuses for what it holds goes to dead_letters alone, with everything in
  /// batch->rejections; that is no failure.
  result<commit_report> write(std::span<const incoming> batches);

  /// Keeps a bus message that could not be decoded. The same body with the same reason is kept once.
  result<void> bury(const dead_letter&);

  /// False once the connection is lost.
  bool alive() const noexcept;

  event_writer(event_writer&&) noexcept;
  event_writer& operator=(event_writer&&) noexcept;
  ~event_writer();

private:
  struct implementation;
  explicit event_writer(std::unique_ptr<implementation>);
  std::unique_ptr<implementation> implementation_;
};

} // namespace agentmon::store
