#pragma once
#include "protocol/failure.hpp"
#include "settings/settings.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <openssl/ssl.h>
#include <string>

namespace agentmon::control {

/// Who this node is to others, and whom it trusts: its certificate and key, the authority, the list of revoked
/// certificates. Files that are replaced count from the next connection on. Safe from any thread.
class identity {
public:
  using context = std::shared_ptr<SSL_CTX>;

  /// Reads and checks everything as a connection will need it. fault::invalid names the setting, the file, and what is
  /// wrong with it: unreadable, no PEM, a key that others can read or that belongs to another certificate, a
  /// certificate that is expired, revoked or of another authority.
  static result<std::shared_ptr<identity>> load(control_files);

  /// For one more connection, as server or client: TLS 1.3, and the other side must show a certificate that counts.
  /// When the files have changed they are read again; if they are wrong now, that is logged and the old ones stay.
  context current();

  /// Does a certificate that was shown earlier still count, by the files as they are now?
  bool still_trusts(X509*);

  /// Another number after each change of the files.
  uint64_t generation();

private:
  explicit identity(control_files files) : files_{std::move(files)} {}
  void refresh();
  std::string stamp() const;

  const control_files files_;
  std::mutex mutex_;
  context context_;
  std::string stamp_; ///< of the files when they were last read
  uint64_t generation_ = 0;
  std::chrono::steady_clock::time_point looked_{};
};

/// What OpenSSL last complained of on this thread, in words.
std::string tls_reason();

} // namespace agentmon::control
