#include "monitor/libvirt_connection.hpp"

#include "monitor/libvirt_figures.hpp"
#include "monitor/libvirt_state.hpp"

#include <algorithm>
#include <cstdlib>
#include <libvirt/virterror.h>
#include <map>

namespace agentmon::monitor {
namespace {

/// Bulk statistics of some domains, by name.
class records {
public:
  records() = default;
  records(const records&) = delete;
  records& operator=(const records&) = delete;
  ~records() {
    if (list_ != nullptr) virDomainStatsRecordListFree(list_);
  }

  /// False when the call failed.
  bool fetch(std::vector<virDomainPtr> domains) {
    if (domains.empty()) return true;
    domains.push_back(nullptr);
    const int count =
        virDomainListGetStats(domains.data(), bulk_groups, &list_, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
    for (int i = 0; i < count; ++i) by_name_.emplace(virDomainGetName(list_[i]->dom), list_[i]);
    return count >= 0;
  }

  const virDomainStatsRecord* of(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

private:
  virDomainStatsRecordPtr* list_ = nullptr;
  std::map<std::string, virDomainStatsRecordPtr> by_name_;
};

int last_code() { return virGetLastErrorCode(); }

/// The driver cannot do that, ever.
bool unsupported(int code) {
  return code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_INVALID_ARG || code == VIR_ERR_ARGUMENT_UNSUPPORTED
         || code == VIR_ERR_OPERATION_UNSUPPORTED;
}

bool reaches_others(std::string_view address) {
  return !address.starts_with("127.") && !address.starts_with("169.254.") && !address.starts_with("fe80:")
         && address != "::1";
}

std::vector<std::string> addresses_from(virDomainPtr domain, virDomainInterfaceAddressesSource source) {
  virDomainInterfacePtr* list = nullptr;
  const int count = virDomainInterfaceAddresses(domain, &list, source, 0);
  std::vector<std::string> found;
  for (int i = 0; i < count; ++i) {
    for (unsigned each = 0; each < list[i]->naddrs; ++each)
      if (reaches_others(list[i]->addrs[each].addr)) found.emplace_back(list[i]->addrs[each].addr);
    virDomainInterfaceFree(list[i]);
  }
  std::free(list); // NOLINT(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory): libvirt made it
  std::stable_partition(found.begin(), found.end(), [](const auto& it) { return it.find(':') == it.npos; });
  return found;
}

} // namespace

libvirt_connection::libvirt_connection(std::string uri) : uri_{std::move(uri)} {
  virSetErrorFunc(nullptr, [](void*, virErrorPtr) {}); // else it writes each one to standard error
}

template <class Ask>
std::invoke_result_t<Ask> libvirt_connection::with_connection(Ask ask) {
  const bool used_before = connection_ != nullptr;
  if (!used_before) connection_.reset(virConnectOpenReadOnly(uri_.c_str()));
  if (!connection_) return tl::unexpected{last_failure()};
  auto answer = ask();
  if (answer || answer.error().code != fault::unavailable) return answer;
  connection_.reset();
  return used_before ? with_connection(ask) : answer;
}

result<std::vector<outside_view>> libvirt_connection::read(const std::vector<std::string>& domains) {
  return with_connection([&] { return read_once(domains); });
}

result<std::vector<outside_view>> libvirt_connection::read_once(const std::vector<std::string>& names) {
  std::vector<domain_handle> domains;
  std::vector<virDomainPtr> there;
  for (const auto& name : names) {
    domains.emplace_back(virDomainLookupByName(connection_.get(), name.c_str()));
    if (domains.back()) {
      there.push_back(domains.back().get());
    } else if (last_code() != VIR_ERR_NO_DOMAIN) {
      return tl::unexpected{last_failure()};
    }
  }
  records bulk;
  if (!bulk.fetch(there) && !unsupported(last_code())) return tl::unexpected{last_failure()};
  const auto taken = std::chrono::steady_clock::now();
  std::vector<outside_view> views(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    auto& view = views[i];
    auto* const domain = domains[i].get();
    view.taken = taken;
    view.state = domain_state::missing;
    if (domain == nullptr) continue;
    const auto id = virDomainGetID(domain);
    if (id != static_cast<unsigned>(-1)) view.id = static_cast<int32_t>(id);
    const auto* const record = bulk.of(names[i]);
    const bool in_bulk = record != nullptr && add_bulk(view, *record);
    if (!in_bulk && !add_by_calls(view, domain)) {
      if (last_code() != VIR_ERR_NO_DOMAIN) return tl::unexpected{last_failure()};
      continue;
    }
    add_info(view, domain);
    if (in_bulk && view.state == domain_state::running && !view.memory_resident) judge_hung(view, domain);
  }
  return views;
}

result<std::vector<known_domain>> libvirt_connection::domains() {
  return with_connection([this]() -> result<std::vector<known_domain>> {
    virDomainPtr* list = nullptr;
    const int count = virConnectListAllDomains(connection_.get(), &list, 0);
    if (count < 0) return tl::unexpected{last_failure()};
    std::vector<known_domain> found;
    for (int i = 0; i < count; ++i) {
      const domain_handle domain{list[i]};
      int state = 0;
      int reason = 0;
      virDomainGetState(domain.get(), &state, &reason, 0);
      found.push_back({virDomainGetName(domain.get()), to_state(state, reason)});
    }
    std::free(list); // NOLINT(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory): libvirt made it
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return found;
  });
}

result<std::vector<std::string>> libvirt_connection::addresses(const std::string& name) {
  return with_connection([&]() -> result<std::vector<std::string>> {
    const domain_handle domain{virDomainLookupByName(connection_.get(), name.c_str())};
    if (!domain) return tl::unexpected{last_failure()};
    auto found = addresses_from(domain.get(), VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE);
    if (!found.empty()) return found;
    const connection_handle writer{virConnectOpen(uri_.c_str())};
    const domain_handle changeable{writer ? virDomainLookupByName(writer.get(), name.c_str()) : nullptr};
    if (changeable) found = addresses_from(changeable.get(), VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT);
    if (!found.empty()) return found;
    const std::string why = virGetLastErrorMessage();
    return fail(fault::not_found, "libvirt gave it no lease, and its guest agent told no address (" + why + ")");
  });
}

failure libvirt_connection::last_failure() const {
  const auto code = last_code();
  const auto message = "libvirt at " + uri_ + ": " + virGetLastErrorMessage();
  const auto* const error = virGetLastError();
  const bool wrong_uri = code == VIR_ERR_NO_CONNECT || code == VIR_ERR_INVALID_ARG || code == VIR_ERR_XML_ERROR
                         || (code == VIR_ERR_INTERNAL_ERROR && error != nullptr && error->domain == VIR_FROM_URI);
  if (wrong_uri) return {fault::invalid, message + "; correct the URI"};
  if (code == VIR_ERR_NO_DOMAIN) return {fault::not_found, message};
  if (code == VIR_ERR_AUTH_FAILED || code == VIR_ERR_AUTH_UNAVAILABLE || code == VIR_ERR_AUTH_CANCELLED
      || code == VIR_ERR_ACCESS_DENIED)
    return {fault::unavailable, message + "; let agentmon's user read there (on Debian: the group libvirt)"};
  return {fault::unavailable, message + "; does libvirtd run there?"};
}

} // namespace agentmon::monitor
