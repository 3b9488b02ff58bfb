#include "monitor/discovery.hpp"

#include "monitor/helper.hpp"
#include "protocol/limits.hpp"

namespace agentmon::monitor {
namespace {

/// Asks a helper, and starts it first when there is none; one that does not answer is ended.
template <class T>
result<T> ask(std::optional<helper>& whom, const std::string& uri, const question& what,
              std::chrono::milliseconds timeout) {
  if (!whom) {
    auto started = helper::start(uri);
    if (!started) return tl::unexpected{started.error()};
    whom.emplace(std::move(*started));
  }
  if (const auto sent = whom->ask(what); !sent) return tl::unexpected{sent.error()};
  const auto answer = whom->wait(timeout);
  if (answer) return unpack_answer<T>(*answer);
  whom.reset();
  return fail(answer.error().code, "libvirt at " + uri + ": " + answer.error().message);
}

} // namespace

result<std::vector<discovered>> discover(const std::string& uri) {
  std::optional<helper> whom;
  const auto known = ask<std::vector<known_domain>>(whom, uri, {asked::domains, {}}, limits::hypervisor_timeout);
  if (!known) return tl::unexpected{known.error()};
  std::vector<discovered> all;
  for (const auto& domain : *known) {
    auto& found = all.emplace_back(discovered{domain, {}, "it does not run"});
    if (domain.state != domain_state::running) continue;
    auto told = ask<std::vector<std::string>>(whom, uri, {asked::addresses, {domain.name}}, limits::address_timeout);
    found.unknown = told ? "" : told.error().message;
    if (told) found.addresses = std::move(*told);
  }
  return all;
}

} // namespace agentmon::monitor
