#pragma once
#include "protocol/failure.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::hooks {

/// One file that is to become different.
struct change {
  enum class kind { write, edit, link, remove };
  kind what = kind::write;
  std::filesystem::path path;
  std::string text; ///< of a link: where it points
  bool executable = false;
  std::string meaning; ///< for people; may be empty
};

/// Everything that is to be done, so that it can be shown first.
struct plan {
  std::vector<change> changes = {};
  std::vector<std::vector<std::string>> commands = {}; ///< programs to run, with their arguments
  bool commands_first = false;                         ///< they need what is to be removed
  std::vector<std::string> advice = {};                ///< what is left to the user
};

/// The file's text; empty when there is no such file. fault::unavailable: it cannot be read.
result<std::string> read_text(const std::filesystem::path&);

/// Adds a change, unless the file is so already.
result<void> add(plan&, change);

/// For people: what would be done.
std::string describe(const plan&);

/// Does it. Files are replaced as a whole; one that is edited is kept as it was before the first time, with
/// ".before-agentmon" behind its name. Folders that are made are for this user only.
result<void> apply(const plan&);

/// The whole path of a program that the shell would find; empty when there is none.
std::filesystem::path find_program(std::string_view name);

/// Lines NAME=value, each put in the place of the one with that name or behind all; an empty value takes the line out.
std::string with_variables(std::string_view text, const std::vector<std::pair<std::string, std::string>>&);

} // namespace agentmon::hooks
