#pragma once
#include "shell/command.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::shell {

/// Gives the names of that kind that there are.
using name_source = std::function<std::vector<std::string>(completion)>;

/// The words that may stand where this text ends; those that do not begin as its last word does are among them.
std::vector<std::string> candidates(std::string_view line, const name_source&);

/// Names of what there is, asked of the node when they are older than limits::shell_names_age.
class known_names {
public:
  explicit known_names(const attachment& node) : node_{node} {}
  std::vector<std::string> of(completion);

private:
  std::vector<std::string> ask_for(completion) const;
  result<rapidjson::Document> ask(const query&) const;

  struct answer {
    std::vector<std::string> names;
    std::chrono::steady_clock::time_point at;
  };
  const attachment& node_;
  std::map<completion, answer> known_;
};

} // namespace agentmon::shell
