#include "commands/backup_files.hpp"
#include "commands/data_commands.hpp"
#include "commands/interrupt.hpp"
#include "commands/progress.hpp"
#include "protocol/limits.hpp"
#include "services/child.hpp"
#include "services/files.hpp"
#include "services/postgres_programs.hpp"

#include <cstdio>
#include <system_error>
#include <unistd.h>

namespace agentmon {
namespace {

namespace fs = std::filesystem;

/// Every file is what it was when the backup was made.
result<void> check(const fs::path& backup, const std::vector<backed_up_file>& files, progress_line& line) {
  for (const auto& file : files) {
    if (line.is_due()) line.show("checking " + file.path);
    const auto sum = checksum(backup / file.path, [](uint64_t) { return !interrupt::requested(); });
    if (!sum) return tl::unexpected{sum.error()};
    if (*sum != file.sha_256)
      return fail(fault::corrupt, (backup / file.path).string() + " is damaged: its checksum is another one");
  }
  const auto programs = service::find_postgres_programs(service::read_file(backup / "postgres" / "PG_VERSION"));
  if (!programs) return tl::unexpected{programs.error()};
  line.show("checking PostgreSQL's files");
  const auto checked =
      service::run({.arguments = {(*programs / "pg_verifybackup").string(), "--quiet", (backup / "postgres").string()},
                    .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}},
                   limits::doctor_verify_timeout);
  if (!checked) return fail(fault::corrupt, "the backup is damaged: " + checked.error().message);
  return {};
}

/// Who the private PostgreSQL will run as needs its files.
result<void> give(const fs::path& path, const std::optional<service::account>& owner) {
  if (!owner || ::lchown(path.c_str(), owner->user, owner->group) == 0) return {};
  return fail(fault::unavailable, "cannot give " + path.string() + " to user " + owner->name);
}

result<void> copy_tree(const fs::path& from, const fs::path& to, const std::optional<service::account>& owner,
                       const on_bytes& told) {
  if (auto made = service::make_private_folder(to, owner); !made) return made;
  for (const auto& entry : fs::directory_iterator{from}) {
    const auto copy = to / entry.path().filename();
    if (entry.is_directory()) {
      if (auto done = copy_tree(entry.path(), copy, owner, told); !done) return done;
    } else if (entry.is_regular_file()) {
      if (auto done = copy_file(entry.path(), copy, told); !done) return tl::unexpected{done.error()};
      if (auto done = give(copy, owner); !done) return done;
    }
  }
  return {};
}

result<void> copy_all(const fs::path& backup, const fs::path& data, progress_line& line) {
  std::optional<service::account> owner;
  if (::geteuid() == 0) {
    auto postgres = service::account::named("postgres");
    if (!postgres) return tl::unexpected{postgres.error()};
    owner = std::move(*postgres);
  }
  const auto total = std::max<uint64_t>(bytes_below(backup), 1);
  uint64_t done = 0;
  const on_bytes told = [&](uint64_t bytes) {
    done += bytes;
    if (line.is_due()) line.show(bar(static_cast<double>(done) / static_cast<double>(total)) + " copying");
    return !interrupt::requested();
  };
  if (auto made = service::make_private_folder(data); !made) return made;
  for (const auto& entry : fs::directory_iterator{backup}) {
    const auto name = entry.path().filename().string();
    if (name == manifest_name || name == "registry.json") continue;
    if (entry.is_directory()) {
      auto copied = copy_tree(entry.path(), data / name, name == "postgres" ? owner : std::nullopt, told);
      if (!copied) return copied;
    } else if (auto copied = copy_file(entry.path(), data / name, told); !copied)
      return tl::unexpected{copied.error()};
  }
  return {};
}

/// Made beside its place and then renamed, so that a data folder in its place is whole.
result<void> restore(const settings& s, const fs::path& backup, progress_line& line) {
  const auto& data = s.data_dir;
  std::error_code failed;
  if (fs::exists(data, failed) && !fs::is_empty(data, failed))
    return fail(fault::invalid, "the data folder " + data.string()
                                    + " is not empty; stop agentmon and move it away, or set AGENTMON_DATA_DIR");
  const auto files = read_manifest(backup);
  if (!files) return tl::unexpected{files.error()};
  const auto place = fs::path{data} += ".restoring";
  auto done = check(backup, *files, line).and_then([&] { return service::remove_tree(place); }).and_then([&] {
    return copy_all(backup, place, line);
  });
  if (!done) {
    static_cast<void>(service::remove_tree(place));
    return done;
  }
  fs::remove(data, failed); // it is empty
  return service::rename_durably(place, data);
}

} // namespace

int run_restore(const invocation& given) {
  if (given.flags.words.size() != 1) return complain("write: agentmon restore FOLDER"), exit_usage;
  const auto backup = fs::absolute(given.flags.words.front()).lexically_normal();
  interrupt::remember();
  progress_line line;
  const auto done = restore(given.config.values, backup, line);
  line.clear();
  if (!done) return complain(done.error().message), done.error().code == fault::invalid ? exit_usage : exit_problem;
  std::fprintf(stderr, "%s is as it was; start agentmon. A registry of machines is in the backup as registry.json.\n",
               given.config.values.data_dir.c_str());
  return exit_ok;
}

} // namespace agentmon
