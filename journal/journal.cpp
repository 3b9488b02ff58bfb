#include "journal/journal.hpp"

#include "protocol/log.hpp"

#include <algorithm>
#include <fcntl.h>
#include <numeric>

namespace agentmon {

using namespace journal_files;

namespace {

std::string in_mebibytes(uint64_t bytes) { return std::to_string(bytes / limits::MiB) + " MiB"; }

} // namespace

// -- appending ---------------------------------------------------------------

result<void> journal::append(std::string_view json, uint32_t events) {
  const piece only{json, events};
  return append({&only, 1});
}

result<void> journal::append(std::span<const piece> batch) {
  uint64_t wanted = 0;
  for (const auto& each : batch) {
    const size_t length = each.json.size();
    if (length == 0 || length > limits::record_bytes || each.events == 0 || each.events > length)
      return fail(fault::invalid, "a piece of " + std::to_string(length) + " bytes and " + std::to_string(each.events)
                                      + " events fits no record; split batches into pieces of at least one event and "
                                        "at most "
                                      + std::to_string(limits::record_bytes) + " bytes");
    wanted += header_bytes + length;
  }
  if (auto settled = settle(); !settled) return settled;
  if (auto room = check_room(wanted); !room) return room;
  for (const auto& each : batch) add(each);
  return {};
}

bool journal::has_room() { return settle() && check_room(limits::body_bytes); }

result<void> journal::check_room(uint64_t wanted) {
  const uint64_t held = bytes() + group_bytes_;
  if (held + wanted > settings_.bound_bytes)
    return fail(fault::overload, "the journal holds " + in_mebibytes(held) + " of at most "
                                     + in_mebibytes(settings_.bound_bytes)
                                     + " that the store has not committed yet; nothing of this batch was kept, send it "
                                       "again later");
  if (wanted > unchecked_bytes_) {
    const auto free = free_bytes(settings_.path);
    if (!free) return tl::unexpected{free.error()};
    if (*free < settings_.disk_reserve || *free - settings_.disk_reserve < group_bytes_ + wanted)
      return fail(fault::overload, "the disk of " + settings_.path.string() + " has " + in_mebibytes(*free)
                                       + " free, of which " + in_mebibytes(settings_.disk_reserve)
                                       + " are kept in reserve; nothing of this batch was kept: make room on the disk, "
                                         "then send it again");
    unchecked_bytes_ = std::max(wanted, limits::disk_check_bytes);
  }
  unchecked_bytes_ -= wanted;
  return {};
}

void journal::add(const piece& fresh) {
  const size_t joined = group_.empty() ? 0 : group_.back().bytes.size() + 1 + fresh.json.size();
  if (joined == 0 || joined > header_bytes + limits::record_bytes) {
    auto& bytes = group_.emplace_back().bytes;
    bytes.reserve(header_bytes + fresh.json.size());
    bytes.resize(header_bytes);
    group_bytes_ += header_bytes;
  } else {
    group_.back().bytes += ',';
    ++group_bytes_;
  }
  group_.back().bytes += fresh.json;
  group_.back().events += fresh.events;
  group_bytes_ += fresh.json.size();
}

// -- syncing -----------------------------------------------------------------

result<void> journal::sync() {
  if (group_.empty()) return {};
  auto written = write_group();
  if (written)
    accept_group();
  else
    refuse_group();
  return written;
}

/// A group goes to one segment as a whole, so that it can be cut off again as a whole.
result<void> journal::write_group() {
  const bool full =
      active_ && segments_.back().length > 0 && segments_.back().length + group_bytes_ > settings_.segment_bytes;
  // Pages of a torn write into room may be there in any choice. Of one record none counts then; of two the second might
  // be whole, and the first, which nobody was promised, would be taken for damage.
  if (active_ && (full || group_.size() > 1))
    if (auto cut = cut_room(); !cut) return cut;
  if (full) active_.reset();
  if (!active_)
    if (auto started = start_segment(); !started) return started;
  const auto time = now();
  uint64_t number = next_;
  std::vector<std::string_view> parts;
  parts.reserve(group_.size());
  for (auto& each : group_) {
    each.number = number++;
    each.time = time;
    seal(each.bytes, each.number, each.events, each.time);
    parts.emplace_back(each.bytes);
  }
  const uint64_t begin = segments_.back().length, end = begin + group_bytes_;
  if (auto written = active_->write_at(begin, parts); !written) return written;
  if (end > room_end_) make_room(end);
  return active_->sync();
}

/// A file that grows has its new length synced with its content, for which the file system's own journal waits, with
/// all that others have written meanwhile. In room that was filled before, a small group is synced alone.
void journal::make_room(uint64_t from) {
  room_end_ = from;
  if (group_bytes_ > limits::journal_room_group || group_.size() > 1 || settings_.room_bytes == 0) return;
  const std::string zeros(settings_.room_bytes, '\0');
  const std::string_view part{zeros};
  if (active_->write_at(from, {&part, 1})) room_end_ += zeros.size(); // else without: the group itself has its place
}

result<void> journal::cut_room() {
  const auto length = segments_.back().length;
  if (room_end_ <= length) return {};
  room_end_ = length;
  return active_->cut(length);
}

/// So that the next start finds nothing unfinished. After a crash it does, and cuts it then.
journal::~journal() {
  if (active_ && !segments_.empty() && !uncut_) static_cast<void>(cut_room());
}

void journal::accept_group() {
  for (auto& each : group_) {
    segments_.back().add(each.number, each.events, each.bytes.size());
    note_waiting(each.events, each.time);
    last_ = each.number;
    tail_.add(std::move(each));
  }
  next_ = last_ + 1;
  group_.clear();
  group_bytes_ = 0;
}

/// Takes a failed group back. After a failed fdatasync the kernel may call pages clean that never reached the disk, so
/// the segment ends at its last good byte. Should the cut itself be lost in a crash, the next segment's name tells it.
void journal::refuse_group() {
  group_.clear();
  group_bytes_ = 0;
  unchecked_bytes_ = 0;
  if (!active_) return;
  uncut_ = true;
  if (auto settled = settle(); !settled)
    log::error("journal", "nothing is accepted until a failed write can be taken back",
               {{"reason", settled.error().message}});
}

/// Cuts refused bytes off, when there are any; as long as that fails, nothing can be appended.
result<void> journal::settle() {
  if (!uncut_) return {};
  if (auto cut = active_->cut(segments_.back().length); !cut) return cut;
  uncut_ = false;
  leave_segment();
  return {};
}

result<void> journal::start_segment() {
  segment fresh{settings_.path, next_};
  // A file of this name is left of a start that came to nothing and holds no record that counts.
  auto opened = file::open(fresh.path, O_RDWR | O_CREAT | O_TRUNC);
  if (!opened) return tl::unexpected{opened.error()};
  if (auto synced = sync_folder(settings_.path); !synced) return synced;
  active_ = std::move(*opened);
  room_end_ = 0;
  segments_.push_back(std::move(fresh));
  unchecked_bytes_ = 0;
  return {};
}

/// An empty one leaves the list but not the disk: its name keeps the numbers going, and the next start writes to it.
void journal::leave_segment() {
  active_.reset();
  if (segments_.back().length == 0) segments_.pop_back();
}

void journal::note_waiting(uint32_t events, timestamp time) {
  events_waiting_ += events;
  if (!oldest_) oldest_ = time;
}

// -- reading -----------------------------------------------------------------

result<std::vector<journal::record>> journal::read(uint64_t from, size_t max_bytes) {
  std::vector<record> found;
  size_t taken = 0;
  const auto take = [&](const record_view& each) {
    if (!found.empty() && taken + each.payload.size() > max_bytes) return false;
    taken += each.payload.size();
    found.push_back({each.number, each.events, each.time, std::string{each.payload}});
    return true;
  };
  if (tail_.covers(from)) {
    const auto& records = tail_.records();
    auto each = std::ranges::lower_bound(records, from, {}, &stored_record::number);
    while (each != records.end() && take(each->view())) ++each;
    return found;
  }
  bool more = true;
  for (auto& each : segments_) {
    if (!more) break;
    if (each.last < from) continue;
    const auto walked = walk(each, from, [&](const record_view& next, uint64_t) { return more = take(next); });
    if (walked) continue;
    if (found.empty()) return tl::unexpected{walked.error()};
    break; // the next call meets the failure again
  }
  return found;
}

/// Shows the segment's records from this number on to the visitor until it says false.
result<void> journal::walk(segment& walked, uint64_t from, const visitor& visit) {
  const auto opened = file::open(walked.path, O_RDONLY);
  if (!opened) return tl::unexpected{opened.error()};
  const auto start = walked.before(from);
  segment_reader reader{*opened, start.offset, walked.length, start.number, walked.last, limits::landmark_bytes};
  uint64_t events_before = start.events_before;
  while (true) {
    const auto step = reader.next();
    if (!step) return tl::unexpected{step.error()};
    if (!*step) return {};
    const auto& [begin, end, valid] = **step;
    if (!valid) {
      report_damage(walked, begin, end);
      continue;
    }
    if (valid->number >= from && !visit(*valid, events_before)) return {};
    events_before += valid->events;
  }
}

/// Counts, logs and keeps a copy of damaged bytes, once for each place.
void journal::report_damage(segment& damaged, uint64_t begin, uint64_t end) {
  if (std::ranges::find(damaged.damage, begin) != damaged.damage.end()) return;
  damaged.damage.push_back(begin);
  ++damaged_;
  auto copy = damaged.path;
  copy += ".corrupt-" + std::to_string(begin);
  const auto copied = copy_range(damaged.path, begin, end, copy);
  log::error("journal", "damaged bytes are left out; the events in them are lost unless the copy can be mended",
             {{"segment", damaged.path.string()},
              {"offset", begin},
              {"bytes", end - begin},
              {"copy", copied ? copy.string() : copied.error().message}});
}

// -- forgetting --------------------------------------------------------------

void journal::committed(uint64_t number) {
  result<void> outcome;
  if (number > committed_) {
    committed_ = std::min(number, last_);
    if (auto set = mark_.set(committed_); !set) outcome = set;
    if (auto counted = recount(); !counted) outcome = counted;
  }
  if (auto forgotten = forget(); !forgotten) outcome = forgotten;
  if (!outcome && !told_)
    log::warn("journal", "what is committed cannot be forgotten yet", {{"reason", outcome.error().message}});
  told_ = !outcome;
}

/// Finds how many events wait, and since when, from the first uncommitted record's place.
result<void> journal::recount() {
  const auto waits = [this](const segment& each) { return each.last > committed_; };
  const auto begin = std::ranges::find_if(segments_, waits);
  events_waiting_ = 0;
  oldest_.reset();
  if (begin == segments_.end()) return {};
  const uint64_t events = std::accumulate(begin, segments_.end(), uint64_t{0},
                                          [](uint64_t sum, const segment& each) { return sum + each.events; });
  events_waiting_ = events;
  return walk(*begin, first_uncommitted(), [&](const record_view& first, uint64_t events_before) {
    events_waiting_ = events - events_before;
    oldest_ = first.time;
    return false;
  });
}

result<void> journal::forget() {

  const bool renew =
      !segments_.empty() && segments_.back().length > settings_.segment_bytes / 2 && committed_ >= last_ && !uncut_;
  if (renew)
    if (auto started = start_segment(); !started) return started;
  while (segments_.size() > 1 && segments_.front().last <= committed_) {
    if (auto removed = remove_file(segments_.front().path); !removed) return removed;
    segments_.pop_front();
  }
  return {};
}

uint64_t journal::bytes() const {
  return std::accumulate(segments_.begin(), segments_.end(), uint64_t{0},
                         [](uint64_t sum, const segment& each) { return sum + each.length; });
}

} // namespace agentmon
