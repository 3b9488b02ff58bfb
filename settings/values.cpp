#include "settings/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace agentmon {
namespace {

struct unit {
  std::string_view name;
  uint64_t factor;
};

/// A whole number and one of the units behind it; nothing when it is something else or too large.
template <size_t N>
std::optional<uint64_t> parse_amount(std::string_view text, const std::array<unit, N>& units) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const auto name = text.substr(static_cast<size_t>(end - text.data()));
  const auto found = std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == name; });
  constexpr auto most = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (found == units.end() || number > most / found->factor) return std::nullopt;
  return number * found->factor;
}

constexpr std::array all_roles{role::ingest, role::processor, role::query, role::ui, role::monitor};

std::string_view value_of(const environment_map& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view{} : std::string_view{found->second};
}

result<std::string> expand_home(std::string_view text, const environment_map& environment) {
  if (text.substr(0, 1) != "~" || (text.size() > 1 && text[1] != '/')) return std::string{text};
  const auto home = value_of(environment, "HOME");
  if (home.empty()) return fail(fault::invalid, "HOME is not set, so ~ means nothing; write the whole path");
  return std::string{home} + std::string{text.substr(1)};
}

} // namespace

result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::array units{unit{"ms", 1}, unit{"s", 1000}, unit{"m", 60'000}, unit{"h", 3'600'000}};
  if (const auto amount = parse_amount(text, units)) {
    return std::chrono::milliseconds{static_cast<int64_t>(*amount)};
  }
  return fail(fault::invalid, "allowed is a whole number with ms, s, m or h, as in 30s");
}

result<uint64_t> parse_bytes(std::string_view text) {
  constexpr std::array units{unit{"", 1}, unit{"KiB", 1ULL << 10U}, unit{"MiB", 1ULL << 20U}, unit{"GiB", 1ULL << 30U},
                             unit{"TiB", 1ULL << 40U}};
  if (const auto amount = parse_amount(text, units)) return *amount;
  return fail(fault::invalid, "allowed is a whole number of bytes, or one with KiB, MiB, GiB or TiB, as in 4GiB");
}

result<std::set<role>> parse_roles(std::string_view text) {
  const auto wrong = [](std::string why) {
    return fail(fault::invalid,
                std::move(why) + "; allowed are ingest, processor, query, ui and monitor, with commas between");
  };
  std::set<role> roles;
  while (true) {
    const auto comma = std::min(text.find(','), text.size());
    auto word = text.substr(0, comma);
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    const auto found = std::find_if(all_roles.begin(), all_roles.end(), [&](role r) { return to_string(r) == word; });
    if (found == all_roles.end()) return wrong("there is no role \"" + std::string{word} + "\"");
    if (!roles.insert(*found).second) return wrong("the role " + std::string{word} + " is named twice");
    if (comma == text.size()) return roles;
    text.remove_prefix(comma + 1);
  }
}

result<std::string> parse_http_base(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  auto rest = text;
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  if (rest.substr(0, scheme.size()) != scheme) return fail(fault::invalid, "allowed is http://HOST:PORT");
  const auto place = rest.substr(scheme.size());
  const auto whole =
      place.rfind(':') == place.npos || place.back() == ']' ? std::string{place} + ":80" : std::string{place};
  const auto parsed = parse_endpoint(whole);
  if (!parsed || parsed->host.empty() || parsed->port == 0)
    return fail(fault::invalid, "allowed is http://HOST:PORT, without a path");
  return std::string{scheme} + whole;
}

result<std::string> expand(std::string_view text, const environment_map& environment) {
  std::string expanded;
  while (true) {
    const auto start = text.find("${");
    expanded += text.substr(0, start);
    if (start == text.npos) return expand_home(expanded, environment);
    const auto end = text.find('}', start);
    if (end == text.npos) return fail(fault::invalid, "the ${ has no } after it");
    const auto inside = text.substr(start + 2, end - start - 2);
    const auto otherwise = inside.find(":-");
    const auto name = inside.substr(0, otherwise);
    if (const auto value = value_of(environment, name); !value.empty())
      expanded += value;
    else if (otherwise != inside.npos)
      expanded += inside.substr(otherwise + 2);
    else
      return fail(fault::invalid, "${" + std::string{name} + "} is not set in the environment; set it, or write ${"
                                      + std::string{name} + ":-otherwise}");
    text.remove_prefix(end + 1);
  }
}

std::string without_credentials(std::string_view text) {
  if (text.find("://") == text.npos) return text.find("password") == text.npos ? std::string{text} : "***";
  std::string masked;
  while (!text.empty()) { // a list of URLs with commas between
    const auto end = std::min(text.find(','), text.size());
    auto url = text.substr(0, end);
    text.remove_prefix(end);
    if (!text.empty()) text.remove_prefix(1);
    if (!masked.empty()) masked += ',';
    const auto scheme = url.find("://");
    const auto start = scheme == url.npos ? 0 : scheme + 3;
    const auto at = url.substr(0, url.find('?')).rfind('@');
    if (at == url.npos || at < start) {
      masked += url;
    } else {
      const auto user = url.substr(start, at - start);
      const auto colon = user.find(':');
      const bool is_token = colon == user.npos && url.substr(0, 4) != "post"; // nats://TOKEN@host
      masked += url.substr(0, start);
      if (is_token)
        masked += "***";
      else if (colon == user.npos)
        masked += user;
      else
        masked.append(user.substr(0, colon)).append(":***");
      masked += url.substr(at);
    }
  }
  const auto query = masked.find("password=");
  return query == masked.npos ? masked : masked.substr(0, query) + "password=***";
}

} // namespace agentmon
