#include "commands/hooks/plan.hpp"

#include "services/files.hpp"
#include "settings/settings.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace agentmon::hooks {
namespace {

namespace fs = std::filesystem;

failure problem(const fs::path& path, const std::string& what) {
  return {fault::unavailable, path.string() + " " + what};
}

/// Links stay: what they point to is changed.
fs::path target_of(const fs::path& path) {
  std::error_code error;
  const auto real = fs::canonical(path, error);
  return error ? path : real;
}

result<void> make_folder(const fs::path& folder) {
  if (fs::is_directory(folder)) return {};
  if (auto above = make_folder(folder.parent_path()); !above) return above;
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) return tl::unexpected{problem(folder, "cannot be made: " + error.message())};
  fs::permissions(folder, fs::perms::owner_all, error);
  return {};
}

/// Under another name first, so that the file is whole at any moment.
result<void> write_text(const fs::path& path, const std::string& text, fs::perms rights) {
  const auto part = fs::path{path.string() + ".agentmon-part"};
  {
    std::ofstream file{part, std::ios::binary | std::ios::trunc};
    file << text;
    file.close();
    if (!file)
      return tl::unexpected{problem(part, "cannot be written; is the disk full, or the folder another user's?")};
  }
  std::error_code error;
  fs::permissions(part, rights, error);
  if (!error) fs::rename(part, path, error);
  if (error) return tl::unexpected{problem(path, "cannot be replaced: " + error.message())};
  return {};
}

result<void> apply_one(const change& each) {
  const auto path = each.what == change::kind::edit ? target_of(each.path) : each.path;
  std::error_code error;
  if (each.what == change::kind::remove) {
    fs::remove_all(path, error);
    if (error) return tl::unexpected{problem(path, "cannot be removed: " + error.message())};
    return {};
  }
  if (auto made = make_folder(path.parent_path()); !made) return made;
  if (each.what == change::kind::link) {
    fs::remove(path, error);
    fs::create_symlink(each.text, path, error);
    if (error) return tl::unexpected{problem(path, "cannot be made: " + error.message())};
    return {};
  }
  auto rights = fs::perms::owner_read | fs::perms::owner_write;
  if (each.executable) rights |= fs::perms::owner_exec;
  if (each.what == change::kind::edit && fs::exists(path)) {
    rights = fs::status(path).permissions();
    const auto backup = fs::path{path.string() + ".before-agentmon"};
    if (!fs::exists(backup)) fs::copy_file(path, backup, error);
    if (error) return tl::unexpected{problem(backup, "cannot be written: " + error.message())};
  }
  return write_text(path, each.text, rights);
}

/// Runs a program with this terminal; its exit status, 127 when it is not found.
int run_program(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str())); // posix_spawn does not write
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawnp(&child, arguments.front(), nullptr, nullptr, arguments.data(), environ) != 0) return 127;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 127;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

result<void> run_all(const std::vector<std::vector<std::string>>& commands) {
  for (const auto& words : commands) {
    const int status = run_program(words);
    if (status == 0) continue;
    std::string line;
    for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
    return fail(fault::unavailable, "\"" + line + "\" ended with status " + std::to_string(status)
                                        + "; when that is mended, do this again");
  }
  return {};
}

std::string verb(change::kind kind) {
  switch (kind) {
  case change::kind::write: return "write ";
  case change::kind::edit: return "edit  ";
  case change::kind::link: return "link  ";
  case change::kind::remove: return "remove";
  }
  return {};
}

} // namespace

result<std::string> read_text(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::string{};
  auto text = service::read_bytes(path);
  if (!text) return tl::unexpected{problem(path, "cannot be read; is it a file, and may this user read it?")};
  return std::move(*text);
}

result<void> add(plan& to, change next) {
  std::error_code error;
  if (next.what == change::kind::remove) {
    if (fs::exists(fs::symlink_status(next.path, error))) to.changes.push_back(std::move(next));
    return {};
  }
  if (next.what == change::kind::link) {
    if (fs::read_symlink(next.path, error) != next.text) to.changes.push_back(std::move(next));
    return {};
  }
  const auto present = read_text(next.path);
  if (!present) return tl::unexpected{present.error()};
  if (!fs::exists(next.path, error) || *present != next.text) to.changes.push_back(std::move(next));
  return {};
}

std::string describe(const plan& steps) {
  std::string text;
  for (const auto& each : steps.changes) {
    text += "  " + verb(each.what) + " " + each.path.string();
    if (!each.meaning.empty()) text += "  (" + each.meaning + ")";
    text += "\n";
  }
  for (const auto& words : steps.commands) {
    text += "  run    ";
    for (const auto& word : words) text += " " + word;
    text += "\n";
  }
  return text;
}

result<void> apply(const plan& steps) {
  if (steps.commands_first)
    if (auto done = run_all(steps.commands); !done) return done;
  for (const auto& each : steps.changes)
    if (auto done = apply_one(each); !done) return done;
  return steps.commands_first ? result<void>{} : run_all(steps.commands);
}

fs::path find_program(std::string_view name) {
  const auto environment = process_environment();
  const auto path = environment.find("PATH");
  std::istringstream folders{path == environment.end() ? std::string{} : path->second};
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto file = fs::path{folder.empty() ? "." : folder} / name;
    if (::access(file.c_str(), X_OK) == 0 && !fs::is_directory(file)) return fs::absolute(file);
  }
  return {};
}

std::string with_variables(std::string_view text, const std::vector<std::pair<std::string, std::string>>& values) {
  std::string lines;
  auto rest = values;
  std::istringstream input{std::string{text}};
  for (std::string line; std::getline(input, line);) {
    const auto found = std::find_if(rest.begin(), rest.end(), [&](const auto& each) {
      return line.compare(0, each.first.size() + 1, each.first + "=") == 0;
    });
    if (found == rest.end()) {
      lines += line + "\n";
      continue;
    }
    if (!found->second.empty()) lines += found->first + "=" + found->second + "\n";
    rest.erase(found);
  }
  for (const auto& [name, value] : rest)
    if (!value.empty()) lines.append(name).append("=").append(value).append("\n");
  return lines;
}

} // namespace agentmon::hooks
