#include "commands/data_commands.hpp"
#include "commands/database.hpp"
#include "commands/interrupt.hpp"
#include "commands/progress.hpp"
#include "commands/stream.hpp"
#include "protocol/decode.hpp"
#include "protocol/limits.hpp"
#include "services/files.hpp"
#include "store/stored_events.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace agentmon {
namespace {

namespace fs = std::filesystem;

constexpr std::array flags_of_export{
    flag{"from", "TIME", "Only events from this time on."}, flag{"to", "TIME", "Only events before this time."},
    flag{"type", "TYPE", "Only events of this type."},      flag{"framework", "NAME", "Only events of this framework."},
    flag{"host", "NAME", "Only events of this host."},      flag{"session", "ID", "Only events of this session."},
};

/// The flags that are compared with a column, as they are.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> equal_flags{
    {{"type", "type"}, {"framework", "source_framework"}, {"host", "host"}, {"session", "session_id"}}};

struct place {
  timestamp ts;
  uuid id;
};

class pages {
public:
  static result<pages> of(const given_flags& flags) {
    pages it;
    for (const auto& [name, into] : {std::pair{"from", &it.from_}, {"to", &it.to_}}) {
      const auto text = flags.value(name);
      if (!text) continue;
      const auto at = parse_time(*text);
      if (!at)
        return fail(fault::invalid, "--" + std::string{name} + " " + std::string{*text} + ": " + at.error().message);
      *into = *at;
    }
    for (const auto& [name, column] : equal_flags)
      if (const auto text = flags.value(name)) it.equal_.emplace_back(column, *text);
    return it;
  }

  /// One line, the same for the same flags.
  std::string words() const {
    std::string text =
        "from " + (from_ ? format_time(*from_) : "the beginning") + " to " + (to_ ? format_time(*to_) : "the end");
    for (const auto& [column, value] : equal_) text.append(", ").append(column).append(" ").append(value);
    return text;
  }

  /// The next events behind a place, in order; an empty page is the end.
  result<store::rows> next(store::connection& db, const std::optional<place>& behind) const {
    std::string sql = "SELECT " + std::string{store::stored_event_columns} + " FROM events WHERE true";
    store::parameters with;
    const auto add = [&](const std::string& condition, const auto& value) {
      with.add(value);
      sql += " AND " + condition + " $" + std::to_string(with.size());
    };
    if (behind) {
      add("ts >=", behind->ts);
      with.add(behind->id);
      sql += " AND (ts, event_id) > ($1, $2)";
    } else if (from_)
      add("ts >=", *from_);
    if (to_) add("ts <", *to_);
    for (const auto& [column, value] : equal_) add(column + " =", value);
    return db.exec(sql + " ORDER BY ts, event_id LIMIT " + std::to_string(limits::export_rows), with);
  }

  /// Between which times the stored events lie that are asked for, roughly; for a progress bar.
  std::pair<timestamp, timestamp> range(store::connection& db) const {
    const auto found = db.exec("SELECT min(ts), max(ts) FROM events", store::parameters{});
    if (!found) return {};
    return {from_.value_or(found->get<timestamp>(0, 0)), to_.value_or(found->get<timestamp>(0, 1))};
  }

private:
  std::optional<timestamp> from_, to_;
  std::vector<std::pair<std::string, std::string>> equal_;
};

failure cannot(const std::string& what, const fs::path& path) {
  return {fault::unavailable, "cannot " + what + " " + path.string() + ": " + std::generic_category().message(errno)};
}

/// Standard output, or a file that has its name only when it is whole. Until then it is FILE.part, and FILE.filter
/// tells what it is of, so that the same command goes on where an earlier one ended.
class output {
public:
  static result<output> standard() { return output{stream{stdout}, {}}; }

  static result<output> file(const fs::path& path, const std::string& filter) {
    std::error_code failed;
    if (fs::exists(path, failed)) return fail(fault::invalid, path.string() + " is there already");
    const auto part = beside(path, ".part");
    if (fs::exists(part, failed)) {
      if (service::read_file(beside(path, ".filter")) != filter)
        return fail(fault::invalid,
                    part.string() + " is of an export with other filters; give the same ones, or remove it");
    } else if (auto written = service::write_private_file(beside(path, ".filter"), filter + "\n"); !written)
      return tl::unexpected{written.error()};
    stream opened{std::fopen(part.c_str(), "a+e")};
    if (!opened) return tl::unexpected{cannot("write", part)};
    output it{std::move(opened), path};
    if (auto found = it.find_end(); !found) return tl::unexpected{found.error()};
    return it;
  }

  /// Of the last event that an earlier export brought in.
  const std::optional<place>& end() const { return end_; }

  result<void> write(std::string_view lines) {
    if (std::fwrite(lines.data(), 1, lines.size(), file_.get()) == lines.size()) return {};
    return tl::unexpected{cannot("write", path_.empty() ? "standard output" : path_)};
  }

  result<void> finish() {
    if (std::fflush(file_.get()) != 0) return tl::unexpected{cannot("write", path_)};
    if (path_.empty()) return {};
    if (::fsync(::fileno(file_.get())) != 0) return tl::unexpected{cannot("write", path_)};
    if (std::rename(beside(path_, ".part").c_str(), path_.c_str()) != 0) return tl::unexpected{cannot("name", path_)};
    return service::remove_tree(beside(path_, ".filter"));
  }

private:
  output(stream file, fs::path path) : file_{std::move(file)}, path_{std::move(path)} {}

  static fs::path beside(fs::path path, const char* ending) { return path += ending; }

  /// Cuts a line that is not whole, and reads the one before it.
  result<void> find_end() {
    const auto part = beside(path_, ".part");
    std::error_code failed;
    const auto size = fs::file_size(part, failed);
    constexpr uintmax_t two_lines = 2 * limits::event_bytes + 2;
    const auto from = size > two_lines ? size - two_lines : 0;
    std::string tail(size - from, '\0');
    if (std::fseek(file_.get(), static_cast<long>(from), SEEK_SET) != 0
        || std::fread(tail.data(), 1, tail.size(), file_.get()) != tail.size())
      return tl::unexpected{cannot("read", part)};
    const auto whole = tail.rfind('\n');
    if (whole == tail.npos && from > 0) return fail(fault::corrupt, part.string() + " does not hold lines of events");
    const auto end = whole == tail.npos ? 0 : whole + 1;
    fs::resize_file(part, from + end, failed);
    if (failed) return fail(fault::unavailable, "cannot cut " + part.string() + ": " + failed.message());
    if (end == 0) return {};
    const auto before = whole == 0 ? tail.npos : tail.rfind('\n', whole - 1);
    const auto begin = before == tail.npos ? 0 : before + 1;
    const auto last = decode(tail.substr(begin, whole - begin));
    if (!last || last->events.size() != 1) return fail(fault::corrupt, part.string() + " does not end with an event");
    end_ = place{last->events.front().ts, last->events.front().id};
    return {};
  }

  stream file_;
  fs::path path_;
  std::optional<place> end_;
};

/// Writes one page; gives its last place, or nothing when it was empty.
result<std::optional<place>> write_page(const store::rows& page, output& to) {
  std::optional<place> last;
  std::string lines;
  for (int row = 0; row < page.size(); ++row) {
    store::row_reader reader{page, row};
    const auto event = store::read_stored_event(reader);
    lines += store::envelope_text(event);
    lines += '\n';
    last = place{event.ts, event.event_id};
  }
  return to.write(lines).map([&] { return last; });
}

result<size_t> write_all(store::connection& db, const pages& wanted, output& to, progress_line& line) {
  size_t count = 0;
  auto at = to.end();
  const auto [first, end] = line.is_on_terminal() ? wanted.range(db) : std::pair<timestamp, timestamp>{};
  const auto length = std::max<int64_t>((end - first).count(), 1);
  while (!interrupt::requested()) {
    const auto page = wanted.next(db, at);
    if (!page) return tl::unexpected{page.error()};
    const auto last = write_page(*page, to);
    if (!last) return tl::unexpected{last.error()};
    if (!*last) return to.finish().map([&] { return count; });
    at = *last;
    count += static_cast<size_t>(page->size());
    if (line.is_due())
      line.show(bar(static_cast<double>((at->ts - first).count()) / static_cast<double>(length)) + " " + grouped(count)
                + " events, at " + format_time(at->ts).substr(0, 16));
  }
  return fail(fault::stopping, "interrupted; the same command goes on from here");
}

} // namespace

std::span<const flag> export_flags() { return flags_of_export; }

int run_export(const invocation& given) {
  const auto& words = given.flags.words;
  if (words.size() > 1) return complain("export writes to one FILE, or without one to standard output"), exit_usage;
  const auto wanted = pages::of(given.flags);
  if (!wanted) return complain(wanted.error().message), exit_usage;
  auto to = words.empty() ? output::standard() : output::file(words.front(), wanted->words());
  if (!to) return complain(to.error().message), to.error().code == fault::invalid ? exit_usage : exit_problem;
  auto db = connect_database(given.config.values, limits::transaction_timeout);
  if (!db) return complain(db.error().message), exit_unreachable;
  interrupt::remember();
  progress_line line;
  const auto done = write_all(*db, *wanted, *to, line);
  line.clear();
  if (!done) return complain(done.error().message), exit_problem;
  std::fprintf(stderr, "%s events exported%s\n", grouped(*done).c_str(), to->end() ? " after those of before" : "");
  return exit_ok;
}

} // namespace agentmon
