#include "commands/discover.hpp"

#include "monitor/discovery.hpp"
#include "monitor/instance.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <array>
#include <cstdio>

namespace agentmon {
namespace {

using monitor::discovered;
using json_writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

constexpr std::array flags_of_discover{
    flag{"uri", "URI", "The hypervisor, as libvirt names it (default: qemu:///system)."},
    flag{"user", "NAME", "Who to be inside the machines (default: openclaw)."},
};

void member(json_writer& to, const char* key, const std::string& text) {
  to.Key(key);
  to.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void member(json_writer& to, const char* key, unsigned number) {
  to.Key(key);
  to.Uint(number);
}

/// An entry of the registry. What is not known is left out, and told by advise().
void propose(json_writer& to, const discovered& found, const std::string& uri, const std::string& user) {
  to.StartObject();
  member(to, "name", found.domain.name);
  to.Key("libvirt");
  to.StartObject();
  member(to, "uri", uri);
  member(to, "domain", found.domain.name);
  to.EndObject();
  if (!found.addresses.empty()) {
    to.Key("ssh");
    to.StartObject();
    member(to, "host", found.addresses.front());
    member(to, "port", 22);
    member(to, "user", user);
    member(to, "key", "~/.ssh/id_ed25519");
    member(to, "known_hosts", "~/.ssh/known_hosts");
    to.EndObject();
  }
  to.Key("gateway");
  to.StartObject();
  const monitor::gateway_place usual;
  member(to, "port", usual.port);
  member(to, "unit", usual.unit);
  to.EndObject();
  to.EndObject();
}

/// What a human has to find out or look after, on standard error: standard output is the registry.
void advise(const std::vector<discovered>& all, const std::string& user) {
  std::string text;
  std::string known;
  for (const auto& each : all) {
    if (each.addresses.empty()) {
      text += each.domain.name + ": no address known (" + each.unknown + "); add \"ssh\" by hand, or leave it out\n";
    } else {
      known += " " + each.addresses.front();
    }
    for (size_t i = 1; i < each.addresses.size(); ++i)
      text += each.domain.name + ": has the address " + each.addresses[i] + ", too\n";
  }
  if (!known.empty())
    text += "The user " + user
            + ", the keys and the gateways' ports and units are what is usual; libvirt does not know "
            + "them: correct what differs.\nA machine whose host key is not in known_hosts is refused. Compare what "
            + "this tells with the machines' own, then append it there:\n  ssh-keyscan -t ed25519" + known + "\n";
  std::fputs(text.c_str(), stderr);
}

} // namespace

std::span<const flag> discover_flags() { return flags_of_discover; }

int run_discover(const invocation& given) {
  const std::string uri{given.flags.value("uri").value_or("qemu:///system")};
  const std::string user{given.flags.value("user").value_or("openclaw")};
  const auto all = monitor::discover(uri);
  if (!all) return complain(all.error().message), exit_problem;
  if (all->empty())
    return complain("libvirt at " + uri + " knows no machine; name another one with --uri"), exit_problem;
  rapidjson::StringBuffer text;
  json_writer to{text};
  to.SetIndent(' ', 2);
  to.StartObject();
  to.Key("instances");
  to.StartArray();
  for (const auto& each : *all) propose(to, each, uri, user);
  to.EndArray();
  to.EndObject();
  std::printf("%s\n", text.GetString());
  advise(*all, user);
  return exit_ok;
}

} // namespace agentmon
