#pragma once
#include "protocol/failure.hpp"
#include "services/child.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// The few things that the private servers do with files. All failures are fault::unavailable and name the file.
namespace agentmon::service {

/// Makes the folder (and those above it) if absent, mode 0700. A given owner gets it.
result<void> make_private_folder(const std::filesystem::path&, const std::optional<account>& owner = {});

/// Writes a file of mode 0600 anew. What stood there, even a symbolic link, is replaced, never written through.
result<void> write_private_file(const std::filesystem::path&, std::string_view text,
                                const std::optional<account>& owner = {});

/// The whole content; nothing when there is no such file or it cannot be read.
std::optional<std::string> read_bytes(const std::filesystem::path&);

/// The same without the line breaks at its end.
std::optional<std::string> read_file(const std::filesystem::path&);

/// Removes a file or a folder with all that is in it; absent is fine.
result<void> remove_tree(const std::filesystem::path&);

/// Renames a folder when all that is in it is on the disk, and then syncs the folder that holds it.
result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// The first executable file of that name in the folders of PATH, then where Debian puts servers; fault::not_found.
result<std::filesystem::path> find_program(const std::string& name);

} // namespace agentmon::service
