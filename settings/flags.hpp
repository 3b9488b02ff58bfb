#pragma once
#include "protocol/failure.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// One flag of a command.
struct flag {
  std::string_view name;    ///< without dashes
  std::string_view value;   ///< what stands after it, for people: "FILE"; empty: a switch
  std::string_view meaning; ///< one line
};

/// The flags that stood on a command line, the last one of a name.
class given_flags {
public:
  bool has(std::string_view name) const { return values_.contains(name); }

  /// The value, or nothing when the flag was not given. Empty for a switch. Valid as long as this is.
  std::optional<std::string_view> value(std::string_view name) const;

  std::vector<std::string> words; ///< what is no flag, in order

private:
  friend result<given_flags> read_flags(std::span<const std::string_view>, std::span<const flag>);
  std::map<std::string, std::string, std::less<>> values_;
};

/// Reads `--name value`, `--name=value` and, for switches, `--name`; after `--` all are words. fault::invalid names the
/// flag that is unknown (with the nearest known one) or lacks its value.
result<given_flags> read_flags(std::span<const std::string_view> arguments, std::span<const flag> known);

/// Two columns for a help text, one flag a line.
std::string describe_flags(std::span<const flag>);

/// The candidate that `word` was probably meant to be; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

} // namespace agentmon
