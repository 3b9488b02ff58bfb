#include "monitor/libvirt_figures.hpp"

#include "monitor/libvirt_state.hpp"
#include "protocol/limits.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <libvirt/virterror.h>
#include <memory>
#include <string_view>

namespace agentmon::monitor {
namespace {

using std::chrono::system_clock;

/// A record's figures by name.
class figures {
public:
  explicit figures(const virDomainStatsRecord& record) : all_{record.params}, count_{record.nparams} {}

  std::optional<uint64_t> number(const std::string& name) const {
    unsigned long long value = 0;
    if (virTypedParamsGetULLong(all_, count_, name.c_str(), &value) == 1) return value;
    unsigned int small = 0;
    virResetLastError(); // which minds that it has another type
    if (virTypedParamsGetUInt(all_, count_, name.c_str(), &small) == 1) return small;
    virResetLastError();
    return std::nullopt;
  }

  std::optional<uint64_t> kibibytes(const std::string& name) const {
    const auto value = number(name);
    return value ? std::optional{*value * limits::KiB} : std::nullopt;
  }

  int integer(const std::string& name) const {
    int value = 0;
    virTypedParamsGetInt(all_, count_, name.c_str(), &value);
    return value;
  }

  std::string text(const std::string& name) const {
    const char* value = nullptr;
    return virTypedParamsGetString(all_, count_, name.c_str(), &value) == 1 ? value : "";
  }

private:
  virTypedParameterPtr all_;
  int count_;
};

/// Disks or interfaces: PREFIX.count of them, whose counters are PREFIX.N.IN and PREFIX.N.OUT.
std::vector<transfer> transfers(const figures& all, const std::string& prefix, const char* in, const char* out) {
  std::vector<transfer> list;
  const auto count = all.number(prefix + ".count").value_or(0);
  for (uint64_t i = 0; i < count; ++i) {
    const auto each = prefix + "." + std::to_string(i) + ".";
    const auto got = all.number(each + in);
    const auto given = all.number(each + out);
    if (got && given) list.push_back({all.text(each + "name"), *got, *given});
  }
  return list;
}

void add_to(std::optional<uint64_t>& sum, std::optional<uint64_t> part) {
  if (part) sum = sum.value_or(0) + *part;
}

/// The guest writes these figures itself, at the balloon's period if it has one: what a guest told before it was
/// paused, or never, is not how it is.
bool is_fresh(std::optional<uint64_t> told) {
  return told && system_clock::now() - system_clock::from_time_t(static_cast<time_t>(*told)) < limits::balloon_age;
}

/// The names of a domain's disks or interfaces, from its XML as libvirt writes it: an element a line.
std::vector<std::string> targets(std::string_view xml, std::string_view element) {
  constexpr std::string_view target = "<target dev='";
  std::vector<std::string> names;
  const auto begin = "<" + std::string{element} + " ";
  const auto end = "</" + std::string{element} + ">";
  for (auto at = xml.find(begin); at != xml.npos; at = xml.find(begin, at + 1)) {
    const auto part = xml.substr(at, xml.find(end, at) - at);
    const auto name = part.find(target);
    if (name == part.npos) continue;
    const auto rest = part.substr(name + target.size());
    names.emplace_back(rest.substr(0, rest.find('\'')));
  }
  return names;
}

void add_memory(outside_view& view, virDomainPtr domain) {
  std::array<virDomainMemoryStatStruct, VIR_DOMAIN_MEMORY_STAT_NR> list{};
  const int count = virDomainMemoryStats(domain, list.data(), list.size(), 0);
  for (int i = 0; i < count; ++i) {
    const auto bytes = list[static_cast<size_t>(i)].val * limits::KiB;
    switch (list[static_cast<size_t>(i)].tag) {
    case VIR_DOMAIN_MEMORY_STAT_AVAILABLE: view.memory_available = bytes; break;
    case VIR_DOMAIN_MEMORY_STAT_USABLE: view.memory_usable = bytes; break;
    case VIR_DOMAIN_MEMORY_STAT_RSS: view.memory_resident = bytes; break;
    default: break;
    }
  }
}

void add_transfers(outside_view& view, virDomainPtr domain) {
  struct free_text {
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory): libvirt made it
    void operator()(char* it) const { std::free(it); }
  };
  const std::unique_ptr<char, free_text> xml{virDomainGetXMLDesc(domain, 0)};
  if (!xml) return;
  for (auto& name : targets(xml.get(), "disk")) {
    virDomainBlockStatsStruct told{};
    if (virDomainBlockStats(domain, name.c_str(), &told, sizeof told) == 0 && told.rd_bytes >= 0 && told.wr_bytes >= 0)
      view.disks.push_back({name, static_cast<uint64_t>(told.rd_bytes), static_cast<uint64_t>(told.wr_bytes)});
    virDomainBlockInfo image{};
    if (virDomainGetBlockInfo(domain, name.c_str(), &image, 0) != 0) continue;
    add_to(view.image_bytes, image.capacity);
    add_to(view.image_allocated, image.allocation);
  }
  for (auto& name : targets(xml.get(), "interface")) {
    virDomainInterfaceStatsStruct told{};
    if (virDomainInterfaceStats(domain, name.c_str(), &told, sizeof told) == 0 && told.rx_bytes >= 0
        && told.tx_bytes >= 0)
      view.networks.push_back({name, static_cast<uint64_t>(told.rx_bytes), static_cast<uint64_t>(told.tx_bytes)});
  }
}

} // namespace

bool add_bulk(outside_view& view, const virDomainStatsRecord& record) {
  const figures all{record};
  const int state = all.integer("state.state");
  const int reason = all.integer("state.reason");
  view.state = to_state(state, reason);
  view.reason = reason_word(state, reason);
  view.memory_resident = all.kibibytes("balloon.rss");
  if (is_fresh(all.number("balloon.last-update"))) {
    view.memory_available = all.kibibytes("balloon.available");
    view.memory_usable = all.kibibytes("balloon.usable");
  }
  view.disks = transfers(all, "block", "rd.bytes", "wr.bytes");
  view.networks = transfers(all, "net", "rx.bytes", "tx.bytes");
  const auto images = all.number("block.count").value_or(0);
  for (uint64_t i = 0; i < images; ++i) {
    add_to(view.image_bytes, all.number("block." + std::to_string(i) + ".capacity"));
    add_to(view.image_allocated, all.number("block." + std::to_string(i) + ".allocation"));
  }
  return record.nparams > 2;
}

bool add_by_calls(outside_view& view, virDomainPtr domain) {
  int state = 0;
  int reason = 0;
  if (virDomainGetState(domain, &state, &reason, 0) != 0) return false;
  view.state = to_state(state, reason);
  view.reason = reason_word(state, reason);
  if (!view.id) return true; // does not run: there is nothing to count
  add_memory(view, domain);
  add_transfers(view, domain);
  return true;
}

void add_info(outside_view& view, virDomainPtr domain) {
  virDomainInfo told{};
  if (virDomainGetInfo(domain, &told) != 0) return;
  view.processors = told.nrVirtCpu;
  view.memory_total = uint64_t{told.memory} * limits::KiB;
  if (view.id) view.cpu_time = told.cpuTime;
}

void judge_hung(outside_view& view, virDomainPtr domain) {
  virDomainControlInfo told{};
  if (virDomainGetControlInfo(domain, &told, 0) != 0) return;
  const std::chrono::milliseconds since{told.stateTime};
  if (told.state != VIR_DOMAIN_CONTROL_OCCUPIED || since <= limits::hung_after) return;
  view.state = domain_state::hung;
  view.reason = "no answer for " + std::to_string(std::chrono::floor<std::chrono::seconds>(since).count()) + " s";
}

} // namespace agentmon::monitor
