#include "settings/flags.hpp"

#include <algorithm>
#include <numeric>

namespace agentmon {
namespace {

/// Letters to change, add or leave out to get from one word to the other (Levenshtein).
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const auto changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

failure unknown_flag(std::string_view name, std::span<const flag> known) {
  std::vector<std::string_view> names;
  for (const auto& each : known) names.push_back(each.name);
  auto message = "unknown flag --" + std::string{name};
  if (const auto near = nearest(name, names); !near.empty()) message += "; did you mean --" + std::string{near} + "?";
  return {fault::invalid, message + " \"agentmon help\" lists all flags"};
}

} // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  size_t best_distance = word.size() / 3 + 2; // more is another word
  for (const auto candidate : candidates) {
    const auto d = distance(word, candidate);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::optional<std::string_view> given_flags::value(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

result<given_flags> read_flags(std::span<const std::string_view> arguments, std::span<const flag> known) {
  given_flags given;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto argument = arguments[i];
    if (argument == "--") {
      given.words.insert(given.words.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    if (argument.substr(0, 2) != "--") {
      if (argument.size() > 1 && argument.front() == '-') {
        return fail(fault::invalid, "unknown flag " + std::string{argument} + "; flags are written --name");
      }
      given.words.emplace_back(argument);
      continue;
    }
    const auto equals = argument.find('=');
    const auto name = argument.substr(2, equals == argument.npos ? argument.npos : equals - 2);
    const auto found = std::find_if(known.begin(), known.end(), [&](const flag& f) { return f.name == name; });
    if (found == known.end()) return tl::unexpected{unknown_flag(name, known)};
    std::string_view value;
    if (equals != argument.npos) {
      if (found->value.empty()) return fail(fault::invalid, "--" + std::string{name} + " takes no value");
      value = argument.substr(equals + 1);
    } else if (!found->value.empty()) {
      if (++i == arguments.size()) {
        return fail(fault::invalid, "--" + std::string{name} + " needs a value: --" + std::string{name} + " "
                                        + std::string{found->value});
      }
      value = arguments[i];
    }
    given.values_.insert_or_assign(std::string{name}, std::string{value});
  }
  return given;
}

std::string describe_flags(std::span<const flag> flags) {
  std::vector<std::string> left;
  size_t width = 0;
  for (const auto& each : flags) {
    left.push_back("  --" + std::string{each.name} + (each.value.empty() ? "" : " " + std::string{each.value}));
    width = std::max(width, std::min<size_t>(left.back().size(), 34));
  }
  std::string text;
  for (size_t i = 0; i < flags.size(); ++i) {
    text += left[i];
    if (left[i].size() > width)
      text += '\n' + std::string(width, ' ');
    else
      text += std::string(width - left[i].size(), ' ');
    text += "  " + std::string{flags[i].meaning} + '\n';
  }
  return text;
}

} // namespace agentmon
