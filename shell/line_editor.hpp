#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::shell {

/// Lines from a terminal, with editing, history and completion (libedit). One at a time in a process, for one thread;
/// signals are expected to be remembered (commands/interrupt.hpp).
class line_editor {
public:
  /// What may stand where this text ends, which is where the cursor is.
  using completer = std::function<std::vector<std::string>(std::string_view line)>;

  /// The history is a file that only its owner can read; an empty path: it is not kept.
  line_editor(std::string prompt, std::filesystem::path history, completer);
  ~line_editor();
  line_editor(const line_editor&) = delete;
  line_editor& operator=(const line_editor&) = delete;

  /// Waits for a line; nothing at the end of the input.
  std::optional<std::string> read();

  /// Shows a line of its own above what is being typed, or where it is while none is. Safe from any thread.
  void announce(const std::string&);

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// How far the candidates that begin with `word` agree behind it, and which they are.
struct completed {
  std::string more;
  std::vector<std::string> candidates; ///< sorted
};
completed complete(std::string_view word, std::vector<std::string> candidates);

/// Words in columns, in lines of at most that width as far as they fit.
std::string in_columns(const std::vector<std::string>&, size_t width);

} // namespace agentmon::shell
