#pragma once
#include "journal/mark.hpp"
#include "journal/segment.hpp"
#include "journal/tail.hpp"
#include "protocol/uuid.hpp"

#include <deque>
#include <functional>
#include <span>

namespace agentmon {

/// The node's durability: batches of events in segment files, synced before they are answered, kept until they are
/// committed to the store. A folder holds
///
///   lock                             held while a process has the journal open
///   id                               the journal's UUID
///   committed                        up to which record everything is committed (journal/mark.hpp)
///   <number>.segment                 records (journal/record.hpp), from the number in the name on; behind those of the
///                                    newest, while the journal is open or after a crash, zeros: room for further ones
///   <number>.segment.corrupt-<offset>  a copy of damaged bytes that were skipped; nobody reads or removes it
///
/// Records have numbers from 1, rising, and no two records of one journal id ever have the same. They are gap-free but
/// for damage: a number whose record may have been read, and is not there any more, is not given again.
///
/// For one thread at a time. All calls but append and the plain questions may wait for the disk.
class journal {
public:
  struct settings {
    std::filesystem::path path;                       ///< the folder; made when it is not there
    uint64_t bound_bytes = limits::journal_bytes;     ///< of all segments together
    uint64_t segment_bytes = limits::segment_bytes;   ///< at most a quarter of the bound is taken
    uint64_t disk_reserve = limits::disk_reserve;     ///< bytes that stay free for others on this disk
    size_t room_bytes = limits::journal_room_bytes;   ///< of zeros ahead of small groups; 0: none
    size_t cache_bytes = limits::journal_cache_bytes; ///< newest records kept in memory
  };

  /// Part of a batch that stays together: envelopes as JSON, separated by commas, without the array's brackets.
  struct piece {
    std::string_view json; ///< 1 to limits::record_bytes bytes of UTF-8
    uint32_t events = 0;   ///< how many envelopes, at least 1
  };

  /// What is read back: one or more pieces, joined by commas.
  struct record {
    uint64_t number = 0;
    uint32_t events = 0;
    timestamp time; ///< of the sync that made it durable
    std::string payload;
  };

  /// Opens the folder, cuts what a crash left unfinished, and finds what is not committed. fault::unavailable when
  /// another process has it open or the disk does not play along.
  static result<journal> open(settings);

  journal(journal&&) = default;
  journal& operator=(journal&&) = default;
  ~journal();

  /// Takes a batch into the group that the next sync writes: all of it or, with a failure, nothing. Pieces are copied
  /// once, and merged into records of at most limits::record_bytes. Does not count before sync has succeeded.
  /// fault::overload when the bound or the disk's reserve is reached, fault::invalid for a piece out of its range.
  result<void> append(std::span<const piece> batch);
  result<void> append(std::string_view json, uint32_t events);

  /// Whether there is room for the largest batch, by the bounds that append keeps to. Says nothing of a disk that
  /// fails.
  bool has_room();

  /// Writes and syncs everything appended since the last sync: one write, one fdatasync. With a failure none of it
  /// counts and its bytes are cut off again; the next append begins afresh, in a new segment, because the pages of a
  /// sync that failed are never trusted. fault::overload when the disk is full. Only a crash before the cut has reached
  /// the disk can bring refused records back, whole; until the cut succeeds, append fails.
  result<void> sync();

  /// Synced records from this number on, in order: as many as max_bytes of payload hold, and one at least. Empty when
  /// there are none yet. Damaged records are reported, counted and left out.
  result<std::vector<record>> read(uint64_t from, size_t max_bytes);

  /// Everything up to this number is committed and may be forgotten; a number below an earlier one changes nothing.
  /// Segments are removed as a whole, the newest when half full. Trouble with the disk is logged, and only delays that.
  void committed(uint64_t number);

  const uuid& id() const { return id_; }
  uint64_t last() const { return last_; } ///< newest synced record, or a number passed over; 0 at first
  uint64_t first_uncommitted() const { return committed_ + 1; } ///< where to read from after a start
  uint64_t bytes() const;                                       ///< of all segments on disk
  uint64_t events_waiting() const { return events_waiting_; }   ///< synced but not committed
  std::optional<timestamp> oldest_uncommitted_time() const { return oldest_; }
  uint64_t damaged() const { return damaged_; } ///< stretches of damaged bytes found since this journal was opened

private:
  using visitor = std::function<bool(const journal_files::record_view&, uint64_t events_before)>;

  journal(settings, journal_files::file lock, journal_files::mark, uuid id);

  // recovery.cpp
  result<void> recover(const std::vector<uint64_t>& numbers);
  result<void> scan(journal_files::segment&, std::optional<uint64_t> following);
  result<void> cut_tail(journal_files::segment&, const journal_files::file&, uint64_t length, bool is_newest);

  // journal.cpp
  result<void> check_room(uint64_t wanted);
  void add(const piece&);
  result<void> write_group();
  result<void> cut_room();
  void make_room(uint64_t from);
  void accept_group();
  void refuse_group();
  result<void> settle();
  result<void> start_segment();
  void leave_segment();
  void note_waiting(uint32_t events, timestamp);
  result<void> walk(journal_files::segment&, uint64_t from, const visitor&);
  void report_damage(journal_files::segment&, uint64_t begin, uint64_t end);
  result<void> recount();
  result<void> forget();

  settings settings_;
  journal_files::file lock_;
  journal_files::mark mark_;
  uuid id_;

  std::deque<journal_files::segment> segments_; // rising; only the newest may be empty
  std::optional<journal_files::file> active_;   // the newest, while it may be written to
  uint64_t room_end_ = 0;                       // zeros stand in the active one between its last record and this
  bool uncut_ = false;                          // refused bytes could not be cut off the active segment yet
  bool told_ = false;                           // trouble with forgetting was logged, and it has not passed since

  std::vector<journal_files::stored_record> group_; // appended, not synced
  uint64_t group_bytes_ = 0;
  journal_files::tail tail_;

  uint64_t next_ = 1; // number of the next record that is synced
  uint64_t last_ = 0;
  uint64_t committed_ = 0;
  uint64_t events_waiting_ = 0;
  std::optional<timestamp> oldest_;
  uint64_t damaged_ = 0;
  uint64_t unchecked_bytes_ = 0; // may be appended before the free space is looked at again
};

} // namespace agentmon
