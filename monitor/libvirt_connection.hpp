#pragma once
#include "monitor/helper_messages.hpp"

#include <libvirt/libvirt.h>
#include <memory>
#include <string>
#include <vector>

namespace agentmon::monitor {

struct close_connection {
  void operator()(virConnectPtr it) const { virConnectClose(it); }
};
struct free_domain {
  void operator()(virDomainPtr it) const { virDomainFree(it); }
};
using connection_handle = std::unique_ptr<virConnect, close_connection>;
using domain_handle = std::unique_ptr<virDomain, free_domain>;

/// One hypervisor, opened when it is asked the first time, and again when it was gone. Any call may wait for ever, and
/// libvirt 9.0 may end the process: only a helper process has one (helper_main.cpp). For one thread.
/// Its rights are those of a reader, which libvirt gives to every user of the machine unless it is told not to.
class libvirt_connection {
public:
  explicit libvirt_connection(std::string uri);

  /// In the order of the domains asked for. Fails as outside_reading does.
  result<std::vector<outside_view>> read(const std::vector<std::string>& domains);

  result<std::vector<known_domain>> domains();

  /// The addresses of a domain that runs, without those that only it can use, IPv4 first: from the leases of libvirt's
  /// own networks, else from the guest agent, which may only be asked by whoever may change the domain.
  /// fault::not_found says why there are none.
  result<std::vector<std::string>> addresses(const std::string& domain);

private:
  /// Calls `ask`, once more when the connection that was used has died since the last call.
  template <class Ask>
  std::invoke_result_t<Ask> with_connection(Ask ask);

  result<std::vector<outside_view>> read_once(const std::vector<std::string>& domains);

  /// What libvirt says of the last call.
  failure last_failure() const;

  std::string uri_;
  connection_handle connection_;
};

} // namespace agentmon::monitor
