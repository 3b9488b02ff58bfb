#pragma once
#include "protocol/failure.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// OpenSSH's known_hosts. libssh2 has a reader, which gives up at the first line that it does not know, knows no
/// patterns, and cannot tell which types of key a host has before one is negotiated.
namespace agentmon::monitor {

/// A server's public key.
struct host_key {
  std::string type; ///< in SSH's words: ssh-ed25519
  std::string text; ///< the whole key in base64

  friend bool operator==(const host_key&, const host_key&) = default;
};

/// The key that a server shows, in SSH's wire format.
host_key host_key_of(std::string_view wire);

/// As ssh-keygen -l shows it: SHA256:...
std::string fingerprint(std::string_view wire);

/// What known_hosts says of one host.
struct known_host {
  std::vector<host_key> keys;
  std::vector<host_key> revoked;
};

/// Reads the lines that name the host, by its name, a pattern or a hash. Lines that make no sense, and those of
/// certificate authorities, are passed over.
known_host find_host(std::string_view known_hosts, std::string_view host, uint16_t port);

/// The same of a file; fault::unavailable when it cannot be read.
result<known_host> find_host_in(const std::filesystem::path&, std::string_view host, uint16_t port);

enum class trust : uint8_t {
  known,
  unknown, ///< no key of a type that we could have been shown is known
  changed, ///< another one is known, or this one is revoked
};

trust judge(const known_host&, const host_key& shown);

/// The types of keys to ask a server for, out of those possible, as libssh2 takes them: the known ones first, for a
/// server that has several would else show one of a type that we cannot compare.
std::string key_types_wanted(const known_host&, std::vector<std::string_view> possible);

} // namespace agentmon::monitor
