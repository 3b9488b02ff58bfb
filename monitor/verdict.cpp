#include "monitor/verdict.hpp"

#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"

#include <rapidjson/document.h>

#include <algorithm>

namespace agentmon::monitor {
namespace {

/// " for 3 min"; nothing for what has just begun.
std::string lasting(std::chrono::microseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (seconds < 1) return {};
  const auto words = [](auto count, const char* unit) { return " for " + std::to_string(count) + unit; };
  constexpr int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
  if (seconds < 2 * minute) return words(seconds, " s");
  if (seconds < 2 * hour) return words(seconds / minute, " min");
  if (seconds < 2 * day) return words(seconds / hour, " h");
  return words(seconds / day, " days");
}

std::string sentence(const broken_rule& rule, timestamp at) {
  auto text = rule.what + lasting(at - rule.since);
  if (!rule.more.empty()) text += "; " + rule.more;
  if (rule.good > 0) text += " (the last reading was good)";
  return text;
}

} // namespace

std::string standing_of(const judged& one) {
  std::string words{to_string(one.last)};
  for (const auto& [rule, state] : one.broken)
    if (state.counts) words += ' ' + rule;
  return words + ' ' + one.state + ' ' + one.boot_id;
}

double judge::recent::within(timestamp begin) {
  while (!all_.empty() && all_.front().first < begin) all_.pop_front();
  double sum = 0;
  for (const auto& each : all_) sum += each.second;
  return sum;
}

judge::judge(instance about, judged past) : about_{std::move(about)}, past_{std::move(past)} {
  // Nobody looked meanwhile, so nobody knows that it went on.
  std::erase_if(past_.broken, [](const auto& each) { return !each.second.counts; });
}

/// A state begins with the first reading of it, a running machine's with its boot, unless that was seen in another
/// state since then. Who sees a machine for the first time and learns of no boot does not know.
void judge::follow_state(const reading& now, const figures& told) {
  const auto state = state_of(now);
  const auto* const view = inside_of(now);
  std::optional<timestamp> booted;
  if (state == to_string(domain_state::running) && told.uptime)
    booted =
        now.taken - std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::duration<double>(*told.uptime));
  if (state != past_.state) {
    const auto other = seen_ ? seen_ : past_.since;
    const bool is_first = past_.state.empty();
    past_.since = is_first ? std::nullopt : std::optional{now.taken};
    if (booted && (is_first || (other && *booted > *other))) past_.since = booted;
    past_.state = state;
  } else if (booted && (!past_.since || (view != nullptr && is_other_boot(*view)))) {
    past_.since = booted;
  }
  seen_ = now.taken;
}

bool judge::is_other_boot(const inside_view& view) const {
  return !view.boot_id.empty() && !past_.boot_id.empty() && view.boot_id != past_.boot_id;
}

void judge::count_restarts(const reading& now) {
  const auto* const view = inside_of(now);
  if (view == nullptr) return;
  const bool same_boot = !is_other_boot(*view);
  if (!same_boot) boots_.add(now.taken, 1);
  if (!view->boot_id.empty()) past_.boot_id = view->boot_id;
  const auto* const unit = unit_of(*view);
  const auto counter = unit == nullptr ? std::nullopt : unit->restarts;
  if (same_boot && counter && unit_counter_ && *counter > *unit_counter_)
    unit_restarts_.add(now.taken, static_cast<double>(*counter - *unit_counter_));
  if (counter) unit_counter_ = counter;
}

void judge::look(const rule& r, const facts& f, timestamp at) {
  auto found = r.look(f, threshold_for(r, about_));
  auto known = past_.broken.find(r.name);
  if (found.how == standing::broken) {
    if (known == past_.broken.end()) known = past_.broken.emplace(r.name, broken_rule{.since = at}).first;
    auto& rule = known->second;
    rule.good = 0;
    rule.what = std::move(found.what);
    rule.more = std::move(found.more);
    rule.counts = rule.counts || at - rule.since >= hold_for(r, about_);
    return;
  }
  if (known == past_.broken.end()) return;
  auto& rule = known->second;
  if (found.how == standing::untold && rule.counts) return;
  if (found.how == standing::good && rule.counts && ++rule.good < limits::good_readings) return;
  past_.broken.erase(known);
}

judgement judge::of(const reading& now, const figures& told) {
  follow_state(now, told);
  count_restarts(now);
  const facts f{about_, now, told, unit_restarts_.within(now.taken - limits::restarts_remembered),
                boots_.within(now.taken - limits::boots_remembered)};
  for (const auto& r : rules()) look(r, f, now.taken);

  judgement done{.was = past_.last, .since = past_.since};
  auto worst = now.outside || inside_of(now) != nullptr ? verdict::healthy : verdict::unknown;
  bool pending = false;
  std::vector<std::pair<verdict, std::string>> issues;
  for (const auto& r : rules()) {
    const auto found = past_.broken.find(r.name);
    if (found == past_.broken.end()) continue;
    pending |= !found->second.counts;
    if (!found->second.counts) continue;
    worst = std::max(worst, r.severity);
    issues.emplace_back(r.severity, sentence(found->second, now.taken));
  }
  // Who has never been healthy is not called so while something is amiss that may turn out to be bad.
  if (worst == verdict::healthy && past_.last == verdict::unknown && pending) worst = verdict::unknown;
  std::stable_sort(issues.begin(), issues.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (auto& [severity, text] : issues) done.issues.push_back(std::move(text));
  done.now = past_.last = worst;
  return done;
}

std::string to_json(const std::map<std::string, judged>& all) {
  json_writer json;
  json.begin_object();
  for (const auto& [name, one] : all) {
    json.key(name).begin_object().member("verdict", to_string(one.last)).key("broken").begin_object();
    for (const auto& [rule, state] : one.broken) {
      if (!state.counts) continue;
      json.key(rule).begin_object().member("since", state.since).member("what", std::string_view{state.what});
      json.member("more", std::string_view{state.more}).end_object();
    }
    json.end_object().text_member("state", one.state).member("since", one.since).text_member("boot_id", one.boot_id);
    json.end_object();
  }
  return json.end_object().text();
}

namespace {

std::string_view text(const rapidjson::Value& object, const char* key) {
  const auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

judged one_from(const rapidjson::Value& object) {
  judged one;
  one.last = parse_verdict(text(object, "verdict")).value_or(verdict::unknown);
  one.state = text(object, "state");
  if (const auto since = parse_time(text(object, "since"))) one.since = *since;
  one.boot_id = text(object, "boot_id");
  const auto broken = object.FindMember("broken");
  if (broken == object.MemberEnd() || !broken->value.IsObject()) return one;
  for (const auto& [name, state] : broken->value.GetObject()) {
    if (!state.IsObject()) continue;
    const auto since = parse_time(text(state, "since"));
    if (!since) continue;
    one.broken.emplace(
        std::string{name.GetString(), name.GetStringLength()},
        broken_rule{*since, true, 0, std::string{text(state, "what")}, std::string{text(state, "more")}});
  }
  return one;
}

} // namespace

std::map<std::string, judged> judged_from(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  std::map<std::string, judged> all;
  if (document.HasParseError() || !document.IsObject()) return all;
  const rapidjson::Value& known = document;
  for (auto it = known.MemberBegin(); it != known.MemberEnd(); ++it)
    if (it->value.IsObject())
      all.emplace(std::string{it->name.GetString(), it->name.GetStringLength()}, one_from(it->value));
  return all;
}

} // namespace agentmon::monitor
