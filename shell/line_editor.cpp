#include "shell/line_editor.hpp"

#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"
#include "services/descriptor.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cwchar>
#include <fcntl.h>
#include <histedit.h>
#include <mutex>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace agentmon::shell {
namespace {

constexpr wchar_t end_of_text = 3; // Ctrl+C
constexpr size_t usual_width = 80;

size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual_width;
}

volatile std::sig_atomic_t terminal_changed = 0;

/// It has another size, or was another program's meanwhile (Ctrl+Z, fg).
void notice_terminal() {
  struct sigaction action {};
  action.sa_handler = [](int) { terminal_changed = 1; };
  for (const int signal : {SIGCONT, SIGWINCH}) ::sigaction(signal, &action, nullptr);
}

} // namespace

struct line_editor::state {
  std::string prompt;
  std::filesystem::path history_file;
  completer complete_line;
  EditLine* editor = nullptr;
  History* history = nullptr;
  service::descriptor woken, wake; ///< the two ends of a pipe: there is something to announce
  std::atomic<bool> reading = false;
  std::mutex mutex;
  std::vector<std::string> announcements;

  static state& of(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<state*>(self);
  }

  static char* prompt_of(EditLine* editor) { return of(editor).prompt.data(); }

  void show_announcements() {
    std::array<char, 64> ignored{};
    while (::read(woken.get(), ignored.data(), ignored.size()) > 0) {
    }
    std::vector<std::string> all;
    {
      const std::lock_guard lock{mutex};
      all.swap(announcements);
    }
    for (const auto& each : all) std::printf("\r\x1b[K* %s\n", each.c_str());
    std::fflush(stdout);
    if (!all.empty() && reading) el_set(editor, EL_REFRESH);
  }

  /// The rest of a character of several bytes; 0 keys when the terminal sends something else.
  static int finish_key(char byte, wchar_t* key) {
    std::mbstate_t so_far{};
    for (;;) {
      const auto length = std::mbrtowc(key, &byte, 1, &so_far); // NOLINT(concurrency-mt-unsafe): its state is ours
      if (length != static_cast<size_t>(-2)) return length == static_cast<size_t>(-1) ? (*key = L'\a', 1) : 1;
      if (::read(STDIN_FILENO, &byte, 1) != 1) return 0;
    }
  }

  static void set_up_again(EditLine* editor) {
    for (const int raw : {0, 1}) el_set(editor, EL_PREP_TERM, raw); // raw alone does nothing when it thinks that it is
    el_resize(editor);
    el_set(editor, EL_REFRESH);
  }

  /// The next key, and meanwhile what there is to announce.
  static int next_key(EditLine* editor, wchar_t* key) {
    auto& self = of(editor);
    for (;;) {
      if (interrupt::requested()) {
        interrupt::forget();
        *key = end_of_text;
        return 1;
      }
      if (terminal_changed != 0) {
        terminal_changed = 0;
        set_up_again(editor);
      }
      // Another thread may get the signal, so it is looked for.
      constexpr int slice = std::chrono::milliseconds{limits::tail_look}.count();
      std::array<pollfd, 2> sources{{{STDIN_FILENO, POLLIN, 0}, {self.woken.get(), POLLIN, 0}}};
      if (::poll(sources.data(), sources.size(), slice) < 0) {
        if (errno != EINTR) return -1;
        continue;
      }
      if ((sources[1].revents & POLLIN) != 0) self.show_announcements();
      if ((sources[0].revents & (POLLIN | POLLHUP)) == 0) continue;
      char byte = 0;
      if (::read(STDIN_FILENO, &byte, 1) != 1) return 0;
      return finish_key(byte, key);
    }
  }

  static unsigned char complete_word(EditLine* editor, int) {
    auto& self = of(editor);
    const auto* const line = el_line(editor);
    const std::string before{line->buffer, static_cast<size_t>(line->cursor - line->buffer)};
    const auto blank = before.find_last_of(" \t");
    interrupt::forget();
    const auto found =
        complete(std::string_view{before}.substr(blank == before.npos ? 0 : blank + 1), self.complete_line(before));
    if (found.candidates.empty()) return CC_REFRESH_BEEP;
    if (!found.more.empty()) {
      el_insertstr(editor, found.more.c_str());
      return CC_REFRESH;
    }
    std::printf("\n%s", in_columns(found.candidates, terminal_width()).c_str());
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  static unsigned char give_up_line(EditLine* editor, int) {
    std::printf("^C\n");
    std::fflush(stdout);
    const auto* const line = el_line(editor);
    el_cursor(editor, static_cast<int>(line->lastchar - line->cursor));
    el_deletestr(editor, static_cast<int>(line->lastchar - line->buffer));
    return CC_REDISPLAY;
  }

  void load_history() {
    HistEvent event{};
    ::history(history, &event, H_SETSIZE, limits::shell_history);
    ::history(history, &event, H_SETUNIQUE, 1);
    if (!history_file.empty()) ::history(history, &event, H_LOAD, history_file.c_str());
  }

  /// After each line, so that a terminal that is closed takes nothing along. What cannot be kept is not worth a word.
  void save_history() {
    if (history_file.empty()) return;
    std::error_code ignored;
    std::filesystem::create_directories(history_file.parent_path(), ignored);
    constexpr mode_t owner_only = 0600; // what was typed is nobody else's
    const int fd = ::open(history_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, owner_only);
    if (fd < 0) return;
    ::fchmod(fd, owner_only);
    const std::unique_ptr<FILE, int (*)(FILE*)> file{::fdopen(fd, "w"), &std::fclose};
    HistEvent event{};
    if (file) ::history(history, &event, H_SAVE_FP, file.get());
  }
};

line_editor::line_editor(std::string prompt, std::filesystem::path history_file, completer complete)
    : state_{std::make_unique<state>()} {
  auto& s = *state_;
  s.prompt = std::move(prompt);
  s.history_file = std::move(history_file);
  s.complete_line = std::move(complete);
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) == 0) {
    s.woken = service::descriptor{ends[0]};
    s.wake = service::descriptor{ends[1]};
  }
  notice_terminal();
  s.editor = el_init("agentmon", stdin, stdout, stderr);
  s.history = history_init();
  s.load_history();
  el_set(s.editor, EL_CLIENTDATA, &s);
  el_set(s.editor, EL_PROMPT, &state::prompt_of);
  el_set(s.editor, EL_EDITOR, "emacs");
  el_set(s.editor, EL_HIST, history, s.history);
  el_set(s.editor, EL_GETCFN, &state::next_key);
  el_set(s.editor, EL_ADDFN, "agentmon-complete", "completes a word", &state::complete_word);
  el_set(s.editor, EL_BIND, "^I", "agentmon-complete", nullptr);
  el_set(s.editor, EL_ADDFN, "agentmon-give-up", "gives the line up", &state::give_up_line);
  el_set(s.editor, EL_BIND, "^C", "agentmon-give-up", nullptr);
  el_set(s.editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(s.editor, nullptr); // ~/.editrc
}

line_editor::~line_editor() {
  history_end(state_->history);
  el_end(state_->editor);
}

std::optional<std::string> line_editor::read() {
  auto& s = *state_;
  int length = 0;
  // Raw before the prompt is shown: libedit makes it so only after, and a Ctrl+D between the two would be lost.
  el_set(s.editor, EL_PREP_TERM, 1);
  s.reading = true;
  const auto* const line = el_gets(s.editor, &length);
  s.reading = false;
  if (line == nullptr || length <= 0) return std::nullopt;
  std::string out{line, static_cast<size_t>(length)};
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.pop_back();
  if (HistEvent event{}; out.find_first_not_of(' ') != out.npos) {
    history(s.history, &event, H_ENTER, out.c_str());
    s.save_history();
  }
  return out;
}

void line_editor::announce(const std::string& text) {
  if (!state_->reading) { // a command waits for the node, and says what for
    std::fprintf(stderr, "* %s\n", text.c_str());
    return;
  }
  {
    const std::lock_guard lock{state_->mutex};
    state_->announcements.push_back(text);
  }
  [[maybe_unused]] const auto written = ::write(state_->wake.get(), "!", 1);
}

completed complete(std::string_view word, std::vector<std::string> candidates) {
  std::erase_if(candidates, [&](const std::string& each) { return !each.starts_with(word); });
  std::sort(candidates.begin(), candidates.end());
  if (candidates.empty()) return {};
  const auto &first = candidates.front(), &last = candidates.back();
  const auto agree = std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first;
  std::string common{first.begin(), agree};
  if (candidates.size() == 1 && !common.ends_with('=')) common += ' ';
  return {common.substr(word.size()), std::move(candidates)};
}

std::string in_columns(const std::vector<std::string>& words, size_t width) {
  size_t widest = 0;
  for (const auto& each : words) widest = std::max(widest, each.size());
  widest += 2;
  const auto columns = std::max<size_t>(1, width / widest);
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    out += words[i];
    const bool ends = (i + 1) % columns == 0 || i + 1 == words.size();
    out += ends ? "\n" : std::string(widest - words[i].size(), ' ');
  }
  return out;
}

} // namespace agentmon::shell
