#include "commands/help.hpp"

#include <algorithm>

namespace agentmon {
namespace {

std::string setting_list() {
  std::string text;
  for (const auto& each : variables()) {
    const auto preset = each.preset.empty() ? std::string{} : " (default: " + std::string{each.preset} + ")";
    text.append("  --").append(each.flag).append(" ").append(each.allowed).append("\n");
    text.append("      ").append(each.name).append(": ").append(each.meaning).append(preset).append("\n");
  }
  return text;
}

} // namespace

std::string help_for_all(std::span<const command> commands) {
  std::string text =
      "agentmon records what AI agents do and shows it live in a browser.\n\nUsage: agentmon COMMAND [FLAGS]\n\n";
  size_t width = 0;
  for (const auto& each : commands) width = std::max(width, each.name.size() + each.arguments.size() + 1);
  for (const auto& each : commands) {
    auto left = std::string{each.name} + " " + std::string{each.arguments};
    left.resize(width, ' ');
    text += "  " + left + "  " + std::string{each.meaning} + "\n";
  }
  std::string version{"version"};
  version.resize(width, ' ');
  std::string help{"help [COMMAND]"};
  help.resize(width, ' ');
  text += "  " + version + "  Print the version.\n  " + help + "  Print this, or the flags of one command.\n\n";
  return text
         + "Settings, for every command: as a flag, in the environment, or in the file .env of the current folder (in "
           "this order of rank).\n"
         + setting_list();
}

std::string help_for(const command& c) {
  auto text = "agentmon " + std::string{c.name} + " " + std::string{c.arguments} + "\n" + std::string{c.meaning} + "\n";
  if (!c.flags.empty()) text += "\n" + describe_flags(c.flags);
  return text + "\nSettings are taken as flags, too: \"agentmon help\" lists them.\n";
}

} // namespace agentmon
