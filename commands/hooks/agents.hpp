#pragma once
#include "commands/hooks/plan.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace agentmon::hooks {

/// What the hooks are told.
struct hook_settings {
  std::string url;
  std::string name; ///< of this installation and its machine
  std::string token;
};

/// What is there of an agent's hooks.
struct presence {
  bool installed = false;
  std::string message;        ///< for people
  std::filesystem::path data; ///< where their spool and log are
  std::string name;           ///< under which they report; empty when unknown
};

/// An agent whose hooks can be installed.
struct agent {
  std::string_view name; ///< as on the command line
  std::string_view framework;
  result<plan> (*to_install)(const hook_settings&);
  result<plan> (*to_remove)();
  result<presence> (*look)();
};

/// nullptr: there is no such agent.
const agent* agent_named(std::string_view);

} // namespace agentmon::hooks
