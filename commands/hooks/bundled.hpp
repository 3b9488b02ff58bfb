#pragma once
#include <span>
#include <string_view>

namespace agentmon::hooks {

/// A file of the hooks that is part of this program.
struct bundled_file {
  std::string_view path; ///< "AGENT/NAME", as codex/report.mjs
  std::string_view content;
};

std::span<const bundled_file> bundled_files();

} // namespace agentmon::hooks
