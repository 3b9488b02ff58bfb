#include "commands/data_commands.hpp"
#include "commands/delivery.hpp"
#include "commands/emit.hpp"
#include "commands/interrupt.hpp"
#include "commands/stream.hpp"
#include "protocol/limits.hpp"
#include "services/files.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sys/types.h>

namespace agentmon {
namespace {

namespace fs = std::filesystem;

/// How far a file has come, beside it: an import that was interrupted goes on from there.
class bookmark {
public:
  explicit bookmark(const fs::path& file) : path_{fs::path{file} += ".imported"} {
    std::error_code failed;
    size_ = fs::file_size(file, failed);
    const auto text = service::read_file(path_).value_or("");
    unsigned long long size = 0, offset = 0, line = 0;
    // NOLINTNEXTLINE(cert-err34-c): our own three numbers; anything else begins at the beginning, which is right, too
    if (std::sscanf(text.c_str(), "%llu %llu %llu", &size, &offset, &line) != 3 || size != size_ || offset > size)
      return;
    offset_ = offset;
    line_ = line;
  }

  uint64_t size() const { return size_; }
  uint64_t offset() const { return offset_; }
  uint64_t line() const { return line_; }

  /// Everything before this is accepted. When this cannot be written, more is sent again, which is harmless.
  void set(uint64_t offset, uint64_t line) const {
    auto ignored = service::write_private_file(path_, std::to_string(size_) + " " + std::to_string(offset) + " "
                                                          + std::to_string(line) + "\n");
    static_cast<void>(ignored);
  }
  void remove() const { static_cast<void>(service::remove_tree(path_)); }

private:
  fs::path path_;
  uint64_t size_ = 0;
  uint64_t offset_ = 0;
  uint64_t line_ = 0;
};

/// Sends line by line; `mark` is absent for standard input.
result<void> send_lines(std::FILE* from, sender& to, const bookmark* mark, progress_line& shown) {
  uint64_t offset = mark ? mark->offset() : 0, line = mark ? mark->line() : 0;
  char* buffer = nullptr;
  size_t room = 0;
  const auto end = [&](result<void> done) {
    std::free(buffer); // NOLINT: getline's
    return done;
  };
  while (!interrupt::requested()) {
    const auto got = ::getline(&buffer, &room, from);
    if (got < 0) break;
    ++line;
    offset += static_cast<uint64_t>(got);
    std::string json{buffer, static_cast<size_t>(got)};
    while (!json.empty() && (json.back() == '\n' || json.back() == '\r')) json.pop_back();
    if (json.empty()) continue;
    const auto fault = json.size() > limits::event_bytes ? "is too large" : fault_of(json);
    if (!fault.empty())
      to.refuse(line, {0, "", fault});
    else if (auto sent = to.add(json, line); !sent)
      return end(sent);
    if (mark && to.unsent() == 0) mark->set(offset, line);
    if (mark && shown.is_due())
      shown.show(bar(static_cast<double>(offset) / static_cast<double>(std::max<uint64_t>(mark->size(), 1))) + " "
                 + grouped(to.totals().accepted) + " events");
  }
  if (std::ferror(from) != 0) return end(fail(fault::unavailable, "the input cannot be read"));
  auto sent = to.flush();
  if (sent && mark) mark->set(offset, line);
  if (sent && interrupt::requested())
    return end(fail(fault::stopping, "interrupted; the same command goes on from here"));
  return end(sent);
}

} // namespace

std::span<const flag> import_flags() { return delivery_flags(); }

int run_import(const invocation& given) {
  const auto& words = given.flags.words;
  if (words.size() > 1) return complain("import reads one FILE, or without one standard input"), exit_usage;
  const stream from{words.empty() ? stdin : std::fopen(words.front().c_str(), "re")};
  if (!from) return complain("cannot read " + words.front()), exit_usage;
  std::optional<bookmark> mark;
  if (!words.empty()) mark.emplace(words.front());
  if (mark && ::fseeko(from.get(), static_cast<off_t>(mark->offset()), SEEK_SET) != 0)
    return complain(words.front() + " is no file that can be read from a place on; give it to standard input"),
           exit_usage;
  if (mark && mark->offset() > 0)
    std::fprintf(stderr, "going on from line %s\n", grouped(static_cast<size_t>(mark->line()) + 1).c_str());

  progress_line shown;
  auto to = sender_for(given, shown);
  if (!to) return complain(to.error().message), exit_usage;
  to->batch_events(limits::import_batch_events);
  interrupt::remember();
  const auto start = std::chrono::steady_clock::now();
  const auto done = send_lines(from.get(), *to, mark ? &*mark : nullptr, shown);
  shown.clear();
  if (done && mark) mark->remove();
  return report(done, *to, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

} // namespace agentmon
