#include "commands/emit.hpp"

#include "commands/delivery.hpp"
#include "commands/event_reader.hpp"
#include "commands/flag_event.hpp"
#include "commands/interrupt.hpp"
#include "protocol/decode.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <system_error>
#include <unistd.h>

namespace agentmon {
namespace {

enum class readiness { data, nothing, end };

readiness wait_for(int input, int milliseconds) {
  pollfd one{input, POLLIN, 0};
  const int ready = ::poll(&one, 1, milliseconds);
  if (ready < 0) return errno == EINTR && !interrupt::requested() ? readiness::nothing : readiness::end;
  return ready > 0 ? readiness::data : readiness::nothing;
}

} // namespace

std::string fault_of(const std::string& json) {
  if (json.empty()) return "is larger than " + std::to_string(limits::event_bytes / limits::KiB) + " KiB";
  const auto first = json.find_first_not_of(" \t\r\n");
  if (first == json.npos || json[first] != '{') return "is no JSON object";
  const auto batch = decode(json);
  return batch ? "" : batch.error().message;
}

std::span<const flag> emit_flags() {
  static const auto all = [] {
    std::vector<flag> flags{delivery_flags().begin(), delivery_flags().end()};
    flags.insert(flags.end(), event_flags().begin(), event_flags().end());
    return flags;
  }();
  return all;
}

result<void> send_stream(int input, sender& to, const std::function<void()>& tick) {
  result<void> done;
  event_reader reader{[&](const std::string& json, size_t line) {
    if (!done) return;
    if (const auto fault = fault_of(json); !fault.empty())
      to.refuse(line, {0, "", fault});
    else
      done = to.add(json, line);
  }};
  std::array<char, 64 * limits::KiB> buffer{};
  while (done && !interrupt::requested()) {
    tick();
    const auto left = std::chrono::milliseconds{limits::emit_linger} - to.waiting();
    if (to.unsent() > 0 && left.count() <= 0) {
      done = to.flush();
      continue;
    }
    const auto ready = wait_for(input, static_cast<int>(left.count()));
    if (ready == readiness::end) break;
    if (ready == readiness::nothing) continue;
    const auto got = ::read(input, buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0)
      return fail(fault::invalid, std::string{"the input cannot be read: "} + std::generic_category().message(errno));
    if (got == 0) break;
    reader.feed({buffer.data(), static_cast<size_t>(got)});
  }
  if (done) reader.finish();
  return done ? to.flush() : done;
}

int run_emit(const invocation& given) {
  if (!given.flags.words.empty())
    return complain("emit reads from standard input; write: agentmon emit < " + given.flags.words.front()), exit_usage;

  progress_line line;
  auto to = sender_for(given, line);
  if (!to) return complain(to.error().message), exit_usage;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };

  result<void> done;
  if (describes_event(given.flags)) {
    const auto event = event_from_flags(given.flags, given.config.values.node);
    if (!event) return complain(event.error().message), exit_usage;
    done = to->add(*event, 0).and_then([&] { return to->flush(); });
  } else {
    if (::isatty(STDIN_FILENO) == 1)
      std::fputs(
          "Type events, one JSON object a line; Ctrl+D ends. (\"agentmon help emit\" lists the flags for one event.)\n",
          stderr);
    interrupt::remember();
    done = send_stream(STDIN_FILENO, *to, [&] {
      if (line.is_due()) line.show(summary(to->totals(), seconds()));
    });
  }
  line.clear();
  return report(done, *to, seconds());
}

} // namespace agentmon
