#pragma once
#include "monitor/instance.hpp"
#include "protocol/failure.hpp"
#include "settings/settings.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::monitor {

/// The list of machines of OPENCLAW_REGISTRY (schema/openclaw-registry.schema.json).
struct registry {
  std::vector<instance> instances;  ///< in the order of the file
  std::vector<std::string> remarks; ///< what is kept but means nothing: unknown keys, each with its place
};

/// Reads and checks all of it. fault::invalid has everything that is wrong, a line each, as "instances[3]
/// (zap).ssh.port:
/// ...". `environment` gives HOME and what else paths name.
result<registry> parse_registry(std::string_view text, const environment_map& environment);

/// The file's text; nothing when there is no such file. Fails when it cannot be read or is larger than
/// limits::registry_bytes.
result<std::optional<std::string>> read_registry(const std::filesystem::path&);

} // namespace agentmon::monitor
