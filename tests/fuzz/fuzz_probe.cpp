#include "check.hpp"
#include "monitor/probe_answer.hpp"
#include "monitor/redact.hpp"
#include "protocol/limits.hpp"

#include <string>

// What a machine says instead of the probe's answer, which may be anything: it is read in bounds, what is kept of it is
// text, and no secret that stands in it whole is kept.
namespace agentmon::fuzz {
namespace {

using monitor::inside_view;

bool is_short_text(const std::string& text) {
  constexpr size_t longest_character = 4;
  return is_utf_8(text) && text.size() <= limits::probe_text_characters * longest_character
         && text.find('\n') == std::string::npos;
}

void check_texts(const inside_view& view) {
  for (const auto* text : {&view.host, &view.system, &view.kernel, &view.boot_id, &view.agent_version})
    check(is_short_text(*text), "a text is short UTF-8 of one line");
  for (const auto& line : view.log_lines) check(is_short_text(line) && !line.empty(), "a line of a log is one");
  for (const auto& disk : view.disks) check(is_short_text(disk.mounted_at), "a disk has a name that can be shown");
  for (const auto& network : view.networks) check(is_short_text(network.name), "so has a network");
  if (view.unit) check(!view.unit->load_state.empty(), "a unit is known by its LoadState");
}

void check_bounds(const inside_view& view) {
  check(view.disks.size() <= limits::probe_list && view.networks.size() <= limits::probe_list
            && view.log_lines.size() <= limits::probe_log_lines,
        "lists have bounds");
  check(!view.cpu_busy || *view.cpu_busy <= *view.cpu_total, "no processor is busier than it is");
  for (const auto& seconds : {view.uptime_seconds, view.load_1, view.load_5, view.load_15, view.pressure_cpu})
    check(!seconds || *seconds >= 0, "no figure is negative, or no number");
}

} // namespace
} // namespace agentmon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace agentmon;
  const fuzz::exact_copy input{fuzz::text_of(data, size)};
  for (const bool framed : {false, true}) {
    const auto text =
        framed ? "agentmon-probe=1\n" + std::string{input.text()} + "\nend=1\n" : std::string{input.text()};
    const fuzz::exact_copy copy{text};
    const auto view = monitor::parse_probe_answer(copy.text());
    if (view) {
      fuzz::check_texts(*view);
      fuzz::check_bounds(*view);
    } else {
      fuzz::check(!framed || text.find("agentmon-probe=1") != 0, "what is framed well is an answer");
      fuzz::check(view.error().code == fault::corrupt && !view.error().message.empty(), "a refusal says why");
    }
  }
  // Not anywhere: within a longer word that the input brings, nothing tells it.
  const std::string secret = "\nghp_16C7e42F292c6912E7710c838347Ae178B4a\n";
  const auto safe = monitor::redact(std::string{input.text()} + secret);
  fuzz::check(!safe.ends_with(secret), "a secret on a line of its own is hidden");
  return 0;
}
