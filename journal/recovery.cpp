#include "journal/journal.hpp"
#include "protocol/log.hpp"

#include <algorithm>
#include <fcntl.h>
#include <limits>

namespace agentmon {

using namespace journal_files;

namespace {

constexpr uint64_t segments_in_bound = 4; // so that forgetting whole segments always makes room
constexpr size_t uuid_characters = 36;

result<file> take_lock(const std::filesystem::path& folder) {
  auto opened = file::open(folder / "lock", O_RDWR | O_CREAT);
  if (!opened) return opened;
  const auto locked = opened->lock();
  if (!locked) return tl::unexpected{locked.error()};
  if (!*locked)
    return fail(fault::unavailable, "the journal " + folder.string()
                                        + " is open in another process; stop that agentmon, or give this one a data"
                                          " folder of its own (AGENTMON_DATA_DIR)");
  return opened;
}

/// A new id when there is none, it cannot be understood, or no trace is left of the numbers given under it.
result<uuid> load_id(const std::filesystem::path& path, bool numbers_known) {
  const auto opened = file::open(path, O_RDWR | O_CREAT);
  if (!opened) return tl::unexpected{opened.error()};
  std::string text(uuid_characters, '\0');
  const auto got = opened->read_at(0, text);
  if (!got) return tl::unexpected{got.error()};
  if (const auto known = parse_uuid(text); known && numbers_known) return *known;
  const auto fresh = make_uuid();
  if (auto replaced = replace_file(path, to_string(fresh) + '\n'); !replaced) return tl::unexpected{replaced.error()};
  return fresh;
}

} // namespace

journal::journal(settings chosen, file lock, mark committed, uuid id)
    : settings_{std::move(chosen)},
      lock_{std::move(lock)},
      mark_{std::move(committed)},
      id_{id},
      tail_{settings_.cache_bytes} {}

result<journal> journal::open(settings chosen) {
  chosen.segment_bytes = std::min(chosen.segment_bytes, chosen.bound_bytes / segments_in_bound);
  if (auto made = make_folder(chosen.path); !made) return tl::unexpected{made.error()};
  auto lock = take_lock(chosen.path);
  if (!lock) return tl::unexpected{lock.error()};
  auto committed = mark::open(chosen.path / "committed");
  if (!committed) return tl::unexpected{committed.error()};
  const auto numbers = list_segments(chosen.path);
  if (!numbers) return tl::unexpected{numbers.error()};
  const auto id = load_id(chosen.path / "id", committed->number() > 0 || !numbers->empty());
  if (!id) return tl::unexpected{id.error()};

  journal it{std::move(chosen), std::move(*lock), std::move(*committed), *id};
  if (auto recovered = it.recover(*numbers); !recovered) return tl::unexpected{recovered.error()};
  return it;
}

result<void> journal::recover(const std::vector<uint64_t>& numbers) {
  committed_ = std::max(mark_.number(), numbers.empty() ? 0 : numbers.front() - 1);
  last_ = committed_;
  next_ = std::max(committed_ + 1, numbers.empty() ? 1 : numbers.back());
  if (numbers.empty()) // from the first moment on, some segment's name tells how far the numbers are
    if (auto kept = replace_file(segment{settings_.path, next_}.path, ""); !kept) return kept;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto following = i + 1 < numbers.size() ? std::optional{numbers[i + 1]} : std::nullopt;
    segment found{settings_.path, numbers[i]};
    const bool forgotten = following && *following - 1 <= committed_;
    if (!forgotten)
      if (auto scanned = scan(found, following); !scanned) return scanned;
    if (found.length > 0) {
      segments_.push_back(std::move(found));
    } else if (following) { // an empty newest one stays: its name keeps the numbers going
      if (auto removed = remove_file(found.path); !removed) return removed;
    }
  }
  if (events_waiting_ > 0)
    log::info("journal", "records that are not committed will be sent again",
              {{"from", first_uncommitted()}, {"to", last_}, {"events", events_waiting_}, {"bytes", bytes()}});
  return forget();
}

/// Finds the records of a segment that a former process wrote. `following` is the number in the next one's name: what
/// stands there was accepted, so a segment ends where the next one begins.
result<void> journal::scan(segment& found, std::optional<uint64_t> following) {
  const auto opened = file::open(found.path, O_RDWR);
  if (!opened) return tl::unexpected{opened.error()};
  const auto length = opened->length();
  if (!length) return tl::unexpected{length.error()};
  const uint64_t highest = following ? *following - 1 : std::numeric_limits<uint64_t>::max();
  segment_reader reader{*opened, 0, *length, found.first, highest, limits::journal_block_bytes};
  while (true) {
    const auto step = reader.next();
    if (!step) return tl::unexpected{step.error()};
    if (!*step) return {};
    const auto& [begin, end, valid] = **step;
    if (valid) {
      found.add(valid->number, valid->events, end - begin);
      last_ = std::max(last_, valid->number);
      next_ = std::max(next_, valid->number + 1);
      if (valid->number > committed_) note_waiting(valid->events, valid->time);
    } else if (end == *length && (!following || found.last == highest)) {
      return cut_tail(found, *opened, *length, !following);
    } else {
      found.length = end;
      report_damage(found, begin, end);
    }
  }
}

/// Cuts what stands behind the last record: a group that a crash interrupted or that was refused, or room for further
/// ones. In the newest segment it may also be damage to records that were read already, so the numbers that it has room
/// for are not given again; an empty segment carries the next one before the cut makes that forgotten.
result<void> journal::cut_tail(segment& found, const file& opened, uint64_t length, bool is_newest) {
  const uint64_t excess = length - found.length;
  log::info("journal", "cuts what stands behind the last record of a segment",
            {{"segment", found.path.string()}, {"offset", found.length}, {"bytes", excess}});
  if (is_newest) {
    next_ += (excess + header_bytes - 1) / header_bytes;
    if (auto kept = replace_file(segment{settings_.path, next_}.path, ""); !kept) return kept;
  }
  if (auto cut = opened.cut(found.length); !cut) return cut;
  return opened.sync();
}

} // namespace agentmon
