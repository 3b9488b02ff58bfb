#include "actors/roster.hpp"

#include "protocol/log.hpp"
#include "protocol/time.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <unistd.h>

namespace agentmon {
namespace {

int64_t now_us() { return now().time_since_epoch().count(); }

uint64_t random_number() {
  std::random_device source;
  return std::uniform_int_distribution<uint64_t>{1}(source);
}

/// "0.1" of "0.1.7": what nodes that speak to each other have in common.
std::string_view release_of(std::string_view version) { return version.substr(0, version.rfind('.')); }

/// Where others find a control port. One on every address is told by the host's name.
std::string address_of(const endpoint& control) {
  if (!is_everywhere(control)) return to_string(control);
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return {};
  return to_string(endpoint{host.data(), control.port});
}

} // namespace

std::string_view to_string(presence state) {
  switch (state) {
  case presence::alive: return "alive";
  case presence::away: return "away";
  case presence::stopped: return "stopped";
  }
  return "unknown";
}

std::optional<std::string> mismatch(const member& here, const member& there) {
  if (here.cluster != there.cluster)
    return "node " + there.name + " belongs to cluster " + there.cluster + ", node " + here.name + " to " + here.cluster
           + "; see AGENTMON_CLUSTER";
  if (release_of(here.version) != release_of(there.version))
    return "node " + there.name + " is agentmon " + there.version + ", node " + here.name + " is " + here.version
           + "; install the same version on both";
  if (here.name == there.name && here.incarnation != there.incarnation)
    return "two nodes are called " + here.name + "; give each its own AGENTMON_NODE";
  return std::nullopt;
}

void roster::enter(const settings& config) {
  const std::lock_guard lock{mutex_};
  self_.name = config.node;
  self_.cluster = config.cluster;
  self_.version = AGENTMON_VERSION;
  for (const auto each : config.roles) self_.roles.emplace_back(to_string(each));
  if (config.control && config.control->port != 0) self_.address = address_of(*config.control);
  self_.has_gate = config.needs_bus() && (config.has(role::ingest) || config.has(role::processor));
  self_.incarnation = random_number();
  self_.since_us = now_us();
  self_.state = static_cast<uint8_t>(presence::alive);
}

void roster::set_load(uint32_t permille) {
  const std::lock_guard lock{mutex_};
  self_.load_permille = permille;
}

member roster::self() const {
  const std::lock_guard lock{mutex_};
  auto told = self_;
  told.heard_us = now_us();
  return told;
}

result<void> roster::heard(const member& who, node_actor reached_by, clock::time_point at) {
  const std::lock_guard lock{mutex_};
  if (auto why = mismatch(self_, who)) return fail(fault::invalid, std::move(*why));
  if (who.name == self_.name) return {};
  const auto known = others_.find(who.name);
  if (known != others_.end() && known->second.who.state == static_cast<uint8_t>(presence::alive)
      && known->second.who.incarnation != who.incarnation)
    return fail(fault::invalid, "two nodes are called " + who.name + "; give each its own AGENTMON_NODE");
  if (known == others_.end() && others_.size() >= limits::members)
    return fail(fault::overload, "the cluster has " + std::to_string(limits::members) + " nodes already");
  auto& entry = others_[who.name];
  const auto before = entry.who.incarnation == who.incarnation ? entry.who.state : uint8_t{0};
  // What it answered before its goodbye may come after it.
  if (before == static_cast<uint8_t>(presence::stopped)) return {};
  entry.who = who;
  entry.who.state = before;
  entry.who.heard_us = now_us();
  entry.heard = at;
  entry.handle = std::move(reached_by);
  turn(entry, presence::alive, {});
  return {};
}

void roster::told(const member& about, clock::time_point at) {
  const std::lock_guard lock{mutex_};
  if (about.name == self_.name || mismatch(self_, about) || others_.size() >= limits::members) return;
  const auto [found, is_new] = others_.try_emplace(about.name);
  auto& entry = found->second;
  if (!is_new && (entry.who.state == static_cast<uint8_t>(presence::alive) || entry.who.since_us >= about.since_us))
    return;
  entry.who = about;
  if (entry.who.state == static_cast<uint8_t>(presence::alive)) entry.who.state = static_cast<uint8_t>(presence::away);
  entry.heard = at;
}

void roster::left(const std::string& name, uint64_t incarnation) {
  const std::lock_guard lock{mutex_};
  const auto found = others_.find(name);
  if (found != others_.end() && found->second.who.incarnation == incarnation)
    turn(found->second, presence::stopped, {});
}

void roster::lost(const caf::actor_addr& address) {
  const std::lock_guard lock{mutex_};
  for (auto& [name, entry] : others_)
    if (entry.handle && entry.handle.address() == address) turn(entry, presence::away, "its connection is lost");
}

void roster::look(clock::time_point at) {
  const std::lock_guard lock{mutex_};
  std::erase_if(others_, [&](const auto& one) { return at - one.second.heard > limits::member_forgotten; });
  for (auto& [name, entry] : others_)
    if (entry.who.state == static_cast<uint8_t>(presence::alive) && at - entry.heard > limits::member_silence)
      turn(entry, presence::away, "it does not answer");
}

void roster::turn(seen& which, presence to, std::string_view why) {
  const auto from = std::exchange(which.who.state, static_cast<uint8_t>(to));
  if (to != presence::alive) which.handle = nullptr;
  if (from == static_cast<uint8_t>(to)) return;
  const auto& name = which.who.name;
  if (to == presence::alive) log::info("cluster", "a node is there", {{"name", name}, {"at", which.who.address}});
  if (to == presence::away) log::warn("cluster", "a node is away", {{"name", name}, {"reason", why}});
  if (to == presence::stopped) log::info("cluster", "a node has stopped", {{"name", name}});
}

std::vector<member> roster::all() const {
  std::vector<member> list{self()};
  const std::lock_guard lock{mutex_};
  for (const auto& [name, entry] : others_) list.push_back(entry.who);
  return list;
}

result<node_actor> roster::find(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = others_.find(name);
  if (found == others_.end()) return fail(fault::not_found, "there is no node " + name);
  if (!found->second.handle)
    return fail(fault::unavailable,
                "node " + name + " is " + std::string{to_string(static_cast<presence>(found->second.who.state))});
  return found->second.handle;
}

std::vector<roster::reached> roster::others() const {
  const std::lock_guard lock{mutex_};
  std::vector<reached> list;
  for (const auto& [name, entry] : others_)
    if (entry.handle) list.push_back({entry.who, entry.handle});
  return list;
}

bool roster::knew_role(role wanted) const {
  const std::lock_guard lock{mutex_};
  return std::any_of(others_.begin(), others_.end(), [&](const auto& one) {
    const auto& roles = one.second.who.roles;
    return std::find(roles.begin(), roles.end(), to_string(wanted)) != roles.end();
  });
}

std::vector<std::string> roster::missing() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> list;
  for (const auto& [name, entry] : others_)
    if (!entry.handle && !entry.who.address.empty()) list.push_back(entry.who.address);
  return list;
}

} // namespace agentmon
