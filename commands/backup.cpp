#include "commands/backup_files.hpp"
#include "commands/data_commands.hpp"
#include "commands/database.hpp"
#include "commands/interrupt.hpp"
#include "commands/private_database.hpp"
#include "commands/progress.hpp"
#include "protocol/limits.hpp"
#include "services/child.hpp"
#include "services/files.hpp"
#include "services/postgres_programs.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <system_error>

namespace agentmon {
namespace {

namespace fs = std::filesystem;

/// What the data folder holds beside the servers and the journal.
constexpr std::array single_files{"verdicts.json", "access-keys.json"};

/// Keeps segments of a running journal from going away, by a second name for each in a folder beside it. As often as
/// look() is called none is missed: the journal keeps a segment for half a second at least.
class kept_segments {
public:
  static result<kept_segments> of(const fs::path& data) {
    kept_segments it{data};
    return service::remove_tree(it.folder_)
        .and_then([&] { return service::make_private_folder(it.folder_); })
        .and_then([&] { return it.look(); })
        .map([&] { return std::move(it); });
  }
  kept_segments(kept_segments&& other) noexcept
      : journal_{std::move(other.journal_)}, folder_{std::exchange(other.folder_, {})} {}
  kept_segments& operator=(kept_segments&&) = delete;
  ~kept_segments() {
    if (!folder_.empty()) static_cast<void>(service::remove_tree(folder_));
  }

  result<void> look() const {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator{journal_, failed}) {
      if (entry.path().extension() != ".segment") continue;
      std::error_code linked;
      fs::create_hard_link(entry.path(), folder_ / entry.path().filename(), linked);
      if (linked && linked != std::errc::file_exists && linked != std::errc::no_such_file_or_directory)
        return fail(fault::unavailable, "cannot keep " + entry.path().string() + ": " + linked.message());
    }
    if (failed && failed != std::errc::no_such_file_or_directory)
      return fail(fault::unavailable, "cannot read " + journal_.string() + ": " + failed.message());
    return {};
  }

  const fs::path& folder() const { return folder_; }

private:
  explicit kept_segments(const fs::path& data) : journal_{data / "journal"}, folder_{data / "journal.backup"} {}
  fs::path journal_;
  fs::path folder_;
};

/// How much of it PostgreSQL says is done; nothing when it does not say.
std::optional<std::pair<int64_t, int64_t>> streamed(store::connection& db) {
  const auto found = db.exec("SELECT backup_streamed, backup_total FROM pg_stat_progress_basebackup", {});
  if (!found || found->empty() || found->is_null(0, 1)) return std::nullopt;
  return std::pair{found->get<int64_t>(0, 0), found->get<int64_t>(0, 1)};
}

/// All that is committed when it ends is in it.
result<void> back_up_postgres(const fs::path& data, const fs::path& backup, store::connection& db,
                              const kept_segments& segments, progress_line& line) {
  const auto server = private_database::in(data);
  if (!server) return tl::unexpected{server.error()};
  const auto programs = service::find_postgres_programs(service::read_file(data / "postgres" / "PG_VERSION"));
  if (!programs) return tl::unexpected{programs.error()};
  const auto log = backup / "pg_basebackup.log";
  service::command program{.arguments = {(*programs / "pg_basebackup").string(), "--pgdata",
                                         (backup / "postgres").string(), "--wal-method", "stream", "--checkpoint",
                                         "fast", "--host", "/proc/self/fd/" + std::to_string(service::held_descriptor),
                                         "--port", "5432", "--username", "agentmon", "--no-password"},
                           .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"},
                           .folder = "/",
                           .output = log};
  program.held = server->folder();
  auto running = service::child::start(program);
  if (!running) return tl::unexpected{running.error()};
  while (!running->wait_for(limits::backup_look)) {
    if (interrupt::requested()) return fail(fault::stopping, "interrupted; there is no backup");
    if (auto kept = segments.look(); !kept) return kept;
    if (!line.is_on_terminal() || !line.is_due()) continue;
    if (const auto done = streamed(db); done && done->second > 0)
      line.show(bar(static_cast<double>(done->first) / static_cast<double>(done->second)) + " PostgreSQL, "
                + grouped(static_cast<size_t>(done->first / 1'000'000)) + " MB");
  }
  if (running->ending() != "exited with status 0")
    return fail(fault::unavailable, "pg_basebackup " + running->ending() + ": "
                                        + service::last_lines(service::read_file(log).value_or(""), 3));
  return service::remove_tree(log);
}

/// Copies one file and notes its checksum; an absent one is left out.
result<void> add_file(const fs::path& from, const fs::path& backup, const std::string& name,
                      std::vector<backed_up_file>& files) {
  std::error_code failed;
  if (!fs::exists(from, failed)) return {};
  const auto sum = copy_file(from, backup / name, [](uint64_t) { return !interrupt::requested(); });
  if (!sum) return tl::unexpected{sum.error()};
  files.push_back({name, fs::file_size(backup / name, failed), *sum});
  return {};
}

result<void> back_up_files(const settings& s, const fs::path& backup, const kept_segments& segments,
                           progress_line& line) {
  std::vector<backed_up_file> files;
  if (auto made = service::make_private_folder(backup / "journal"); !made) return made;
  // The last look comes after all that PostgreSQL told it holds.
  if (auto kept = segments.look(); !kept) return kept;
  for (const auto& entry : fs::directory_iterator{segments.folder()}) {
    line.show("copying the journal");
    if (auto added = add_file(entry.path(), backup, "journal/" + entry.path().filename().string(), files); !added)
      return added;
  }
  for (const auto* const name : single_files)
    if (auto added = add_file(s.data_dir / name, backup, name, files); !added) return added;
  if (auto added = add_file(s.registry, backup, "registry.json", files); !added) return added;
  const auto sum = checksum(backup / "postgres" / "backup_manifest", [](uint64_t) { return true; });
  if (!sum) return tl::unexpected{sum.error()};
  files.push_back({"postgres/backup_manifest", bytes_below(backup / "postgres" / "backup_manifest"), *sum});
  return service::write_private_file(backup / manifest_name, manifest_text(files));
}

result<void> back_up(const settings& s, const fs::path& backup, progress_line& line) {
  if (s.database_url)
    return fail(fault::invalid, "backup is for the private PostgreSQL; for the one at DATABASE_URL use its own tools");
  std::error_code failed;
  if (fs::exists(backup, failed) && !fs::is_empty(backup, failed))
    return fail(fault::invalid, backup.string() + " is not empty");
  auto db = connect_database(s, limits::query_timeout);
  if (!db) return tl::unexpected{db.error()};
  if (auto made = service::make_private_folder(backup); !made) return made;
  const auto segments = kept_segments::of(s.data_dir);
  if (!segments) return tl::unexpected{segments.error()};
  return back_up_postgres(s.data_dir, backup, *db, *segments, line).and_then([&] {
    return back_up_files(s, backup, *segments, line);
  });
}

} // namespace

int run_backup(const invocation& given) {
  if (given.flags.words.size() != 1) return complain("write: agentmon backup FOLDER"), exit_usage;
  const auto backup = fs::absolute(given.flags.words.front()).lexically_normal();
  interrupt::remember();
  progress_line line;
  const auto done = back_up(given.config.values, backup, line);
  line.clear();
  if (!done) return complain(done.error().message), done.error().code == fault::invalid ? exit_usage : exit_problem;
  std::fprintf(stderr, "%s holds %s MB: all that was accepted until now\n", backup.c_str(),
               grouped(static_cast<size_t>(bytes_below(backup) / 1'000'000)).c_str());
  return exit_ok;
}

} // namespace agentmon
