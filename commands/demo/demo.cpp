#include "commands/delivery.hpp"
#include "commands/demo/life.hpp"
#include "commands/interrupt.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

namespace agentmon {
namespace {

using demo::life;
using demo::timeline;

constexpr uint64_t most_speed = 1000;

constexpr std::array own_flags{
    flag{"fast", "", "Send the last 7 days at once, instead of living from now on until Ctrl+C."},
    flag{"speed", "N", "Live N times as fast (default: 1)."},
    flag{"seed", "N", "Another number, other days (default: 1)."},
    flag{"until", "TIME", "With --fast: the end of the 7 days (default: now). The same again counts nothing twice."},
    flag{"print", "", "Print the events as lines of JSON instead of sending them."},
};

/// What the command line asks for.
struct play {
  bool is_fast = false;
  bool prints = false;
  uint64_t seed = 1;
  timeline world;
};

result<play> play_from(const given_flags& flags) {
  const auto speed = number_flag(flags, "speed", 1, 1, most_speed);
  if (!speed) return tl::unexpected{speed.error()};
  const auto seed = number_flag(flags, "seed", 1, 0, UINT32_MAX);
  if (!seed) return tl::unexpected{seed.error()};
  play p;
  p.is_fast = flags.has("fast");
  p.prints = flags.has("print");
  p.seed = *seed;
  if (p.is_fast && flags.has("speed"))
    return fail(fault::invalid, "--speed is of no use with --fast; leave one of them out");
  auto until = result<timestamp>{now()};
  if (const auto text = flags.value("until")) until = parse_time(*text);
  if (!until)
    return fail(fault::invalid, "--until " + std::string{*flags.value("until")} + ": " + until.error().message);
  if (!p.is_fast && flags.has("until")) return fail(fault::invalid, "--until needs --fast");
  p.world = p.is_fast ? timeline::week_until(*until) : timeline::live_from(now(), static_cast<double>(*speed));
  return p;
}

double part_done(const timeline& world, timestamp ts) {
  return static_cast<double>((ts - world.begin()).count()) / static_cast<double>((world.end() - world.begin()).count());
}

result<void> fill(life& all, const timeline& world, sender& to, progress_line& line) {
  size_t number = 0;
  while (const auto e = all.next()) {
    if (interrupt::requested()) break;
    if (auto added = to.add(e->json, ++number); !added) return added;
    if (line.is_due())
      line.show(bar(part_done(world, e->ts)) + " " + grouped(to.totals().accepted) + " events, at "
                + format_time(e->ts).substr(0, 16));
  }
  return to.flush();
}

std::string status_line(const send_totals& totals, const std::map<std::string_view, std::string_view>& latest) {
  auto text = grouped(totals.accepted) + " events sent";
  for (const auto& [machine, type] : latest) text.append("  ").append(machine).append(": ").append(type);
  return text + "  (Ctrl+C ends)";
}

/// Sends each event when its time has come, and at the end closes what is open.
result<void> live(life& all, sender& to, progress_line& line) {
  std::map<std::string_view, std::string_view> latest;
  size_t number = 0;
  auto next = all.next();
  while (next && !interrupt::requested()) {
    for (; next && next->ts <= now(); next = all.next()) {
      latest[next->machine] = next->type;
      if (auto added = to.add(next->json, ++number); !added) return added;
    }
    if (auto sent = to.flush(); !sent) return sent;
    if (line.is_due()) line.show(status_line(to.totals(), latest));
    if (!next) break;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next->ts - now());
    interrupt::pause(
        std::clamp(left, std::chrono::milliseconds{1}, std::chrono::milliseconds{limits::progress_line_interval}));
  }
  for (const auto& e : all.close(now()))
    if (auto added = to.add(e.json, ++number); !added) return added;
  return to.flush();
}

/// The events as NDJSON on standard output; live ones at their time.
int print(life& all) {
  while (const auto e = all.next()) {
    while (e->ts > now() && interrupt::pause(std::chrono::ceil<std::chrono::milliseconds>(e->ts - now())))
      ;
    if (interrupt::requested()) break;
    if (std::printf("%s\n", e->json.c_str()) < 0) return exit_problem;
  }
  for (const auto& e : all.close(now())) std::printf("%s\n", e.json.c_str());
  return std::fflush(stdout) == 0 ? exit_ok : exit_problem;
}

void tell_what_to_see(const settings& s, const timeline& world) {
  const auto page = local_url(s.ui_addr);
  const auto& troubled = demo::troubled_machine();
  const auto day = format_time(std::chrono::floor<std::chrono::days>(world.end()) - std::chrono::days{2}).substr(0, 10);
  std::fprintf(stderr,
               "\nLook at %s\n"
               "  the overview with 7 days chosen: working hours, quiet nights, costs by model\n"
               "  the machine %.*s on %s from 12:00 UTC: its disk fills up, at 14:35 its gateway stops\n"
               "  the sessions of that afternoon with status error\n"
               "\"agentmon demo\" goes on from here, live.\n",
               page.c_str(), static_cast<int>(troubled.name.size()), troubled.name.data(), day.c_str());
}

} // namespace

std::span<const flag> demo_flags() {
  static const auto all = [] {
    std::vector<flag> flags{own_flags.begin(), own_flags.end()};
    flags.insert(flags.end(), delivery_flags().begin(), delivery_flags().end());
    return flags;
  }();
  return all;
}

int run_demo(const invocation& given) {
  if (!given.flags.words.empty())
    return complain("demo takes only flags, not " + given.flags.words.front()), exit_usage;
  const auto asked = play_from(given.flags);
  if (!asked) return complain(asked.error().message), exit_usage;
  progress_line line;
  auto to = sender_for(given, line);
  if (!to) return complain(to.error().message), exit_usage;

  life all{asked->world, asked->seed};
  interrupt::remember();
  if (asked->prints) return print(all);
  std::fprintf(stderr, "Three machines (zap, orb, sun) and their agents, to %s%s\n", to->url().c_str(),
               asked->is_fast ? ": the last 7 days" : ", live until Ctrl+C");

  const auto start = std::chrono::steady_clock::now();
  const auto done = asked->is_fast ? fill(all, asked->world, *to, line) : live(all, *to, line);
  line.clear();
  const auto status =
      report(done, *to, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (status == exit_ok && asked->is_fast) tell_what_to_see(given.config.values, asked->world);
  return status;
}

} // namespace agentmon
