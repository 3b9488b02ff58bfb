#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace agentmon::monitor {

/// Where libvirt knows a machine.
struct libvirt_place {
  std::string uri; ///< as libvirt takes it: qemu:///system
  std::string domain;

  friend bool operator==(const libvirt_place&, const libvirt_place&) = default;
};

/// How a machine is reached from inside.
struct ssh_place {
  std::string host; ///< a name or an address
  uint16_t port = 22;
  std::string user;
  std::filesystem::path key;         ///< of the private key, absolute
  std::filesystem::path known_hosts; ///< which must name the host: an unknown one is refused

  friend bool operator==(const ssh_place&, const ssh_place&) = default;
};

/// OpenClaw's gateway inside the machine.
struct gateway_place {
  uint16_t port = 18789;
  std::string unit = "openclaw-gateway.service";

  friend bool operator==(const gateway_place&, const gateway_place&) = default;
};

/// One machine of the registry (schema/openclaw-registry.schema.json). What is absent is not read, and unknown.
struct instance {
  std::string name; ///< unique in the registry
  std::optional<libvirt_place> libvirt;
  std::optional<ssh_place> ssh;
  gateway_place gateway;
  std::optional<std::chrono::milliseconds> poll_interval; ///< absent: POLL_INTERVAL
  std::map<std::string, std::string> labels;
  std::map<std::string, double> thresholds; ///< of rules of verdict.hpp, by name, that differ for this machine

  friend bool operator==(const instance&, const instance&) = default;
};

} // namespace agentmon::monitor
