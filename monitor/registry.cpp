#include "monitor/registry.hpp"

#include "monitor/rules.hpp"
#include "protocol/limits.hpp"
#include "protocol/utf_8.hpp"
#include "protocol/validate.hpp"
#include "settings/values.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>

namespace agentmon::monitor {
namespace {

using json_value = rapidjson::Value;

constexpr size_t uri_characters = 8 * limits::id_characters; // one of another host names files of keys and sockets

std::string_view text_of(const json_value& value) { return {value.GetString(), value.GetStringLength()}; }

/// What was found wrong or strange so far.
struct findings {
  std::vector<std::string> problems;
  std::vector<std::string> remarks;
};

/// An object of the file and its place in it; each member is asked for once, and what was never asked for is told.
class section {
public:
  section(const json_value& object, std::string place, findings& found)
      : object_{object}, place_{std::move(place)}, found_{found} {}

  void wrong(std::string_view key, const std::string& why) const {
    found_.problems.push_back(place_ + (place_.empty() || key.empty() ? "" : ".") + std::string{key} + ": " + why);
  }

  const json_value* member(std::string_view key) {
    asked_.emplace_back(key);
    const auto found = object_.FindMember(json_value{key.data(), static_cast<rapidjson::SizeType>(key.size())});
    return found == object_.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
  }

  /// Empty when it is absent or wrong; what is wrong has been told then.
  std::string text(std::string_view key, std::string_view otherwise = {}) {
    const auto* const value = member(key);
    if (value == nullptr) {
      if (otherwise.empty()) wrong(key, "is missing; it must be a text");
      return std::string{otherwise};
    }
    if (value->IsString() && is_name(text_of(*value))) return std::string{text_of(*value)};
    wrong(key, "must be a text of 1 to 128 printable characters");
    return {};
  }

  std::string uri(std::string_view key, std::string_view otherwise) {
    const auto* const value = member(key);
    if (value == nullptr) return std::string{otherwise};
    const auto text = value->IsString() ? text_of(*value) : std::string_view{};
    const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (visible && !text.empty() && text.size() <= uri_characters) return std::string{text};
    wrong(key, "must be a URI of at most " + std::to_string(uri_characters) + " visible ASCII characters");
    return {};
  }

  uint16_t port(std::string_view key, uint16_t otherwise) {
    const auto* const value = member(key);
    if (value == nullptr) return otherwise;
    if (value->IsUint() && value->GetUint() >= 1 && value->GetUint() <= 65535)
      return static_cast<uint16_t>(value->GetUint());
    wrong(key, "must be a whole number from 1 to 65535");
    return otherwise;
  }

  std::filesystem::path path(std::string_view key, std::string_view otherwise, const environment_map& environment) {
    const auto* const value = member(key);
    if (value == nullptr && otherwise.empty()) return wrong(key, "is missing; it must be the path of a file"), "";
    if (value != nullptr && (!value->IsString() || value->GetStringLength() == 0))
      return wrong(key, "must be the path of a file"), "";
    const auto expanded = expand(value == nullptr ? otherwise : text_of(*value), environment);
    if (!expanded) return wrong(key, expanded.error().message), "";
    const std::filesystem::path file{*expanded};
    if (!file.is_absolute()) return wrong(key, "must begin with / or ~/"), "";
    return file.lexically_normal();
  }

  /// An object below; nothing when it is absent or no object, which has been told then.
  std::optional<section> below(std::string_view key) {
    const auto* const value = member(key);
    if (value == nullptr) return std::nullopt;
    if (value->IsObject()) return section{*value, place_ + "." + std::string{key}, found_};
    wrong(key, "must be an object");
    return std::nullopt;
  }

  /// The members themselves, for objects whose keys are free.
  const json_value& object() const { return object_; }

  void remark_unknown() const {
    for (const auto& each : object_.GetObject()) {
      const auto key = text_of(each.name);
      if (std::find(asked_.begin(), asked_.end(), key) == asked_.end())
        found_.remarks.push_back(place_ + "." + std::string{key} + ": means nothing here and is left alone");
    }
  }

private:
  const json_value& object_;
  std::string place_;
  findings& found_;
  std::vector<std::string> asked_;
};

std::optional<libvirt_place> libvirt_of(section& entry) {
  auto at = entry.below("libvirt");
  if (!at) return std::nullopt;
  libvirt_place place{at->uri("uri", "qemu:///system"), at->text("domain")};
  at->remark_unknown();
  return place;
}

std::optional<ssh_place> ssh_of(section& entry, const environment_map& environment) {
  auto at = entry.below("ssh");
  if (!at) return std::nullopt;
  ssh_place place;
  place.host = at->text("host");
  place.port = at->port("port", place.port);
  place.user = at->text("user");
  place.key = at->path("key", "", environment);
  place.known_hosts = at->path("known_hosts", "~/.ssh/known_hosts", environment);
  at->remark_unknown();
  return place;
}

gateway_place gateway_of(section& entry) {
  gateway_place place;
  auto at = entry.below("gateway");
  if (!at) return place;
  place.port = at->port("port", place.port);
  place.unit = at->text("unit", place.unit);
  at->remark_unknown();
  return place;
}

std::optional<std::chrono::milliseconds> poll_interval_of(section& entry) {
  const auto* const value = entry.member("poll_interval");
  if (value == nullptr) return std::nullopt;
  const auto parsed = value->IsString() ? parse_duration(text_of(*value)) : fail(fault::invalid, "");
  if (parsed && *parsed >= limits::poll_interval_min && *parsed <= limits::poll_interval_max) return *parsed;
  entry.wrong("poll_interval", R"(must be a text from "1s" to "1h", as "30s")");
  return std::nullopt;
}

std::map<std::string, std::string> labels_of(section& entry) {
  std::map<std::string, std::string> labels;
  auto at = entry.below("labels");
  if (!at) return labels;
  if (at->object().MemberCount() > limits::registry_labels)
    return at->wrong("", "has more than " + std::to_string(limits::registry_labels) + " labels"), labels;
  for (const auto& each : at->object().GetObject()) {
    const std::string key{text_of(each.name)};
    if (is_name(key) && each.value.IsString() && is_name(text_of(each.value)))
      labels.emplace(key, text_of(each.value));
    else
      at->wrong(key, "name and text of a label must have 1 to 128 printable characters");
  }
  return labels;
}

std::map<std::string, double> thresholds_of(section& entry) {
  std::map<std::string, double> thresholds;
  auto at = entry.below("thresholds");
  if (!at) return thresholds;
  for (const auto& each : at->object().GetObject()) {
    const std::string key{text_of(each.name)};
    if (!is_threshold(key))
      at->wrong(key, "there is no such threshold; docs/machines.md lists them");
    else if (!each.value.IsNumber() || each.value.GetDouble() < 0 || each.value.GetDouble() > largest_threshold)
      at->wrong(key, "must be a number from 0 to 1000000000");
    else
      thresholds.emplace(key, each.value.GetDouble());
  }
  return thresholds;
}

instance instance_of(section entry, const environment_map& environment) {
  instance about;
  about.name = entry.text("name");
  about.libvirt = libvirt_of(entry);
  about.ssh = ssh_of(entry, environment);
  about.gateway = gateway_of(entry);
  about.poll_interval = poll_interval_of(entry);
  about.labels = labels_of(entry);
  about.thresholds = thresholds_of(entry);
  entry.remark_unknown();
  return about;
}

/// "instances[3] (zap)", so that it is found by its number and by its name.
std::string place_of(size_t index, const json_value& entry) {
  auto place = "instances[" + std::to_string(index) + "]";
  const auto name = entry.FindMember("name");
  if (name != entry.MemberEnd() && name->value.IsString() && is_name(text_of(name->value)))
    place += " (" + std::string{text_of(name->value)} + ")";
  return place;
}

registry read_instances(const json_value& list, findings& found, const environment_map& environment) {
  registry all;
  std::map<std::string, size_t> by_name;
  for (rapidjson::SizeType i = 0; i < list.Size(); ++i) {
    if (!list[i].IsObject()) {
      found.problems.push_back("instances[" + std::to_string(i) + "]: must be an object");
      continue;
    }
    all.instances.push_back(instance_of({list[i], place_of(i, list[i]), found}, environment));
    const auto& name = all.instances.back().name;
    if (const auto [first, is_new] = by_name.emplace(name, i); !is_new && !name.empty())
      found.problems.push_back(place_of(i, list[i]) + ".name: is the name of instances[" + std::to_string(first->second)
                               + "], too; each machine needs its own");
  }
  return all;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

/// The number of the line in which a byte stands.
size_t line_of(std::string_view text, size_t offset) {
  return 1
         + static_cast<size_t>(
             std::count(text.begin(), text.begin() + static_cast<long>(std::min(offset, text.size())), '\n'));
}

} // namespace

result<registry> parse_registry(std::string_view text, const environment_map& environment) {
  if (!is_utf_8(text)) return fail(fault::invalid, "the file is no UTF-8 text");
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError())
    return fail(fault::invalid, "line " + std::to_string(line_of(text, document.GetErrorOffset()))
                                    + " is no JSON: " + rapidjson::GetParseError_En(document.GetParseError()));
  if (!document.IsObject()) return fail(fault::invalid, R"(the file must hold one object, {"instances": [...]})");
  findings found;
  section top{document, "", found};
  const auto* const list = top.member("instances");
  if (list == nullptr || !list->IsArray()) return fail(fault::invalid, "instances: must be a list of machines");
  if (list->Size() > limits::registry_instances)
    return fail(fault::invalid, "instances: at most " + std::to_string(limits::registry_instances) + " are allowed");
  auto all = read_instances(*list, found, environment);
  if (!found.problems.empty()) return fail(fault::invalid, joined(found.problems));
  top.remark_unknown();
  all.remarks = std::move(found.remarks);
  return all;
}

result<std::optional<std::string>> read_registry(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) {
    const auto why = errno;
    if (why == ENOENT || why == ENOTDIR) return std::nullopt;
    return fail(fault::unavailable, "cannot read " + path.string() + ": " + std::generic_category().message(why));
  }
  std::string text(limits::registry_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(fault::unavailable, "cannot read " + path.string());
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > limits::registry_bytes)
    return fail(fault::invalid, path.string() + " is larger than the allowed 4 MiB");
  return text;
}

} // namespace agentmon::monitor
