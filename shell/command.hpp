#pragma once
#include "protocol/failure.hpp"
#include "shell/attachment.hpp"
#include "shell/json_view.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::shell {

/// What a command works with: the node, and where its answer goes. For one thread.
class console {
public:
  explicit console(const attachment& node) : node_{node} {}

  const attachment& node() const { return node_; }

  bool as_json = false;     ///< what the nodes say is printed as they say it
  bool is_terminal = false; ///< a picture may be drawn over the last one

  void print(std::string_view text) const;
  /// A sentence; with as_json {"said":...}.
  void say(std::string_view sentence) const;
  /// Says what is wrong; gives the exit status that means it.
  int complain(const failure&) const;

private:
  const attachment& node_;
};

/// The words of one command, taken apart: `name=value`, and others.
struct words {
  std::vector<std::string> plain;
  std::multimap<std::string, std::string> named;
  bool watch = false;

  std::string first() const { return plain.empty() ? std::string{} : plain.front(); }
};

/// Of what a word of a command line is the name.
enum class completion : uint8_t { none, verb, node, node_or_role, actor, machine, session, level };

/// One command of the shell.
struct command {
  std::string_view name;
  std::string_view arguments; ///< for people
  std::string_view meaning;   ///< one line
  std::string_view example;
  size_t least, most; ///< plain words that it takes
  completion first = completion::none, second = completion::none;
  std::string_view filters;           ///< names that it takes as name=value, with blanks between
  int (*run)(console&, const words&); ///< gives the exit status
};

/// All commands, in the order in which help lists them.
std::span<const command> all_commands();
/// Null when there is none.
const command* find_command(std::string_view name);

/// Runs one line. 0: done; 1: not done, or something is wrong; 2: no node was reached; 64: the line is wrong.
int run_line(console&, std::string_view line);

/// Asks, parses and hands over; prints the JSON as it came when that is wanted.
int show(console&, const query&, const std::function<int(const json&)>& draw);

/// Asks and parses.
result<rapidjson::Document> ask(const console&, const query&);

/// All nodes, with what each tells of itself.
inline const query all_nodes{"system", {}, {}};

/// The elements of `nodes` in an answer to all_nodes; with a name, only that one.
std::vector<const json*> nodes_of(const json& system, std::string_view named = {});
std::vector<std::string> roles_of(const json& node);
/// With commas between.
std::string joined(const std::vector<std::string>&);

// -- the commands, each in the file of its group -----------------------------------------

int show_nodes(console&, const words&);
int show_tree(console&, const words&);
int show_actors(console&, const words&);
int show_why(console&, const words&);
int show_lag(console&, const words&);

int restart_actor(console&, const words&);
int drain(console&, const words&);
int poll_machine(console&, const words&);
int set_log_level(console&, const words&);
int show_config(console&, const words&);
int verify(console&, const words&);

int show_sessions(console&, const words&);
int show_session(console&, const words&);
int show_run(console&, const words&);
int show_machines(console&, const words&);

int tail(console&, const words&);

int show_help(console&, const words&);

} // namespace agentmon::shell
