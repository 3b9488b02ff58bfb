#include "commands/delivery.hpp"

#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"

#include <array>
#include <cstdio>
#include <memory>

namespace agentmon {
namespace {

constexpr std::array flags_of_delivery{
    flag{"url", "URL", "The gateway (default: AGENTMON_URL, else this machine's at AGENTMON_ADDR)."},
    flag{"token", "TOKEN", "Its access token (default: AGENTMON_TOKEN, else AGENTMON_INGEST_TOKEN)."},
    flag{"timeout", "TIME", "How long to try when it is away or busy (default: 60s)."},
};

/// `number` counts the refused events from 1.
void print_rejection(size_t line, const rejection& why, size_t number) {
  if (number > limits::emit_rejections_shown) return;
  const auto place = line > 0 ? "line " + std::to_string(line) + ": " : std::string{};
  std::fprintf(stderr, "%s%s%s%s\n", place.c_str(), why.field.c_str(), why.field.empty() ? "" : " ",
               why.message.c_str());
}

} // namespace

std::span<const flag> delivery_flags() { return flags_of_delivery; }

result<sender> sender_for(const invocation& given, progress_line& line) {
  const auto target = destination_of(given);
  if (!target) return tl::unexpected{target.error()};
  const auto timeout = duration_flag(given.flags, "timeout", limits::emit_timeout);
  if (!timeout) return tl::unexpected{timeout.error()};
  gateway_client client{{.url = target->url,
                         .token = target->token,
                         .timeout = *timeout,
                         .pause = interrupt::pause,
                         .on_retry = [&line](std::string_view why) {
                           const auto text = std::string{why} + "; trying again";
                           if (line.is_on_terminal())
                             line.show(text);
                           else
                             complain(text);
                         }}};
  return sender{std::move(client), [&line, told = size_t{0}](size_t at, const rejection& why) mutable {
                  line.clear();
                  print_rejection(at, why, ++told);
                }};
}

std::string summary(const send_totals& totals, double seconds) {
  auto text = grouped(totals.accepted) + (totals.accepted == 1 ? " event accepted" : " events accepted");
  if (totals.rejected > 0) text += ", " + grouped(totals.rejected) + " rejected";
  if (seconds >= 1 && totals.accepted > 0)
    text += " (" + grouped(static_cast<size_t>(static_cast<double>(totals.accepted) / seconds)) + " a second)";
  return text;
}

int report(const result<void>& done, const sender& to, double seconds) {
  const auto& totals = to.totals();
  if (totals.rejected > limits::emit_rejections_shown)
    std::fprintf(stderr, "... and %s more rejections\n",
                 grouped(totals.rejected - limits::emit_rejections_shown).c_str());
  std::fprintf(stderr, "%s\n", summary(totals, seconds).c_str());
  if (!done) {
    complain(done.error().message);
    if (to.first_line() > 0)
      std::fprintf(stderr,
                   "Nothing is known to be stored from line %zu on; when the gateway is back, send again from there.\n",
                   to.first_line());
    return exit_unreachable;
  }
  return totals.rejected > 0 ? exit_problem : exit_ok;
}

} // namespace agentmon
