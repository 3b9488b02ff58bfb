#pragma once
#include "protocol/failure.hpp"

#include <filesystem>
#include <string>

namespace agentmon::monitor {

/// A private key that can be used without a passphrase.
struct private_key {
  std::string text; ///< the file
  bool rsa = false; ///< servers refuse it where libssh2 signs with SHA-1 only
};

/// Reads a key of OpenSSH's or of a PEM format. fault::unavailable when the file cannot be read, fault::invalid when it
/// is none or is encrypted; the message says what to do.
result<private_key> read_private_key(const std::filesystem::path&);

} // namespace agentmon::monitor
