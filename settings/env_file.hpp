#pragma once
#include "protocol/failure.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// One assignment of a .env file.
struct env_entry {
  std::string key;
  std::string value;
  size_t line = 0; ///< from 1
};

/// Reads lines of `KEY=value`, in order, also with `export ` before them, blanks around either, and CRLF. A value in
/// 'single quotes' is taken as it is; one in "double quotes" knows \n, \t, \\, \" and \$; without quotes it ends at
/// the first ` #`. Blank lines and lines that start with # are skipped. fault::invalid names the line.
result<std::vector<env_entry>> parse_env_file(std::string_view text);

} // namespace agentmon
