#include "delivery.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <optional>
#include <random>

namespace agentmon::sdk::detail {
namespace {

using seconds = std::chrono::duration<double>;

constexpr seconds first_pause{0.5}, last_pause{60}, refused_pause{60}, longest_retry_after{300}, turn_pause{0.1};

/// What an answer means for its events.
struct outcome {
  enum class of { stored, later, unfit } kind;
  std::size_t rejected = 0;
  std::optional<seconds> pause = {};
  std::string why = {};
};

/// Seconds, or a date; nothing when it is neither.
std::optional<seconds> pause_of(const std::string& header) {
  if (header.empty()) return std::nullopt;
  seconds pause{};
  if (std::ranges::all_of(header, [](char c) { return c >= '0' && c <= '9'; })) {
    pause = header.size() > 9 ? longest_retry_after : seconds{std::stoi(header)};
  } else {
    std::tm date{};
    const char* end = strptime(header.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (!end || *end != '\0') return std::nullopt;
    pause = std::chrono::system_clock::from_time_t(timegm(&date)) - std::chrono::system_clock::now();
  }
  return std::clamp(pause, seconds{0}, longest_retry_after);
}

outcome judge(const answer& got, const draining& work) {
  using enum outcome::of;
  if (got.status == 0) return {later, 0, {}, "the gateway cannot be reached"};
  const std::string said = "the gateway answered " + std::to_string(got.status);
  if (got.status == 202) {
    rapidjson::Document body;
    body.Parse(got.body.data(), got.body.size());
    if (body.HasParseError() || !body.IsObject() || !body.HasMember("accepted"))
      return {later, 0, refused_pause, "what answers is no agentmon gateway"};
    if (!body.HasMember("rejected") || !body["rejected"].IsArray() || body["rejected"].Empty()) return {stored};
    work.say("rejected", "the gateway refused events: " + got.body.substr(0, 500));
    return {stored, body["rejected"].Size()};
  }
  if (got.status == 400 || got.status == 413 || got.status == 422)
    return {unfit, 0, {}, said + ": " + got.body.substr(0, 300)};
  if (got.status == 429 || got.status >= 500) return {later, 0, pause_of(got.retry_after), said};
  return {later, 0, refused_pause, said + ": are its URL and token right?"};
}

/// Stored or later. A request that is refused as a whole is halved, so that a bad event does not cost the others.
outcome deliver(const std::vector<std::string>& events, const draining& work) {
  if (events.empty()) return {outcome::of::stored};
  outcome first = judge(work.post(events), work);
  if (first.kind != outcome::of::unfit) return first;
  if (events.size() == 1) {
    work.say("rejected", first.why + "; that event is dropped");
    return {outcome::of::stored, 1};
  }
  const auto half = events.begin() + static_cast<std::ptrdiff_t>((events.size() + 1) / 2);
  first = deliver({events.begin(), half}, work);
  if (first.kind == outcome::of::later) return first;
  outcome second = deliver({half, events.end()}, work);
  second.rejected += first.rejected;
  return second;
}

/// The random part keeps many clients from coming back in the same instant.
seconds pause_after(int failures, std::minstd_rand& chance) {
  return std::min(first_pause * std::pow(2.0, failures), last_pause) * std::uniform_real_distribution(1.0, 1.5)(chance);
}

} // namespace

void drain(waiting& queue, const draining& work) {
  std::minstd_rand chance(std::random_device{}());
  for (int failures = 0; !queue.empty();) {
    auto turn = queue.turn();
    if (!turn) {
      if (!work.pause(turn_pause)) return;
      continue;
    }
    const batch oldest = queue.next();
    const outcome done = deliver(oldest.events, work);
    if (done.kind == outcome::of::later) {
      turn.reset();
      work.say("waiting", done.why + "; events wait here");
      const seconds pause = done.pause ? *done.pause : pause_after(failures, chance);
      ++failures;
      if (!work.pause(pause)) return;
      continue;
    }
    failures = 0;
    queue.remove(oldest);
    if (done.rejected > 0) work.rejected(done.rejected);
  }
}

} // namespace agentmon::sdk::detail
