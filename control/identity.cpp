#include "control/identity.hpp"

#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <array>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

namespace agentmon::control {
namespace {

using std::filesystem::path;

template <class T, void (*release)(T*)>
struct releaser {
  void operator()(T* it) const { release(it); }
};
using bio_ptr = std::unique_ptr<BIO, releaser<BIO, BIO_free_all>>;
using key_ptr = std::unique_ptr<EVP_PKEY, releaser<EVP_PKEY, EVP_PKEY_free>>;
using crl_ptr = std::unique_ptr<X509_CRL, releaser<X509_CRL, X509_CRL_free>>;
using store_context_ptr = std::unique_ptr<X509_STORE_CTX, releaser<X509_STORE_CTX, X509_STORE_CTX_free>>;

tl::unexpected<failure> wrong(std::string_view setting, const path& file, const std::string& why) {
  return fail(fault::invalid, std::string{setting} + "=" + file.string() + ": " + why);
}

result<bio_ptr> open(std::string_view setting, const path& file) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(file, failed)) return wrong(setting, file, "there is no such file");
  bio_ptr opened{BIO_new_file(file.c_str(), "r")};
  if (!opened) return wrong(setting, file, "cannot be read; see its permissions");
  return opened;
}

/// A key that asks for a passphrase would ask on the terminal of a server.
int no_passphrase(char*, int, int, void*) { return -1; }

result<void> use_certificate(SSL_CTX* to, const path& file) {
  constexpr std::string_view setting = "AGENTMON_CONTROL_CERT";
  if (auto readable = open(setting, file); !readable) return tl::unexpected{readable.error()};
  if (SSL_CTX_use_certificate_chain_file(to, file.c_str()) != 1)
    return wrong(setting, file, "is no certificate in PEM (" + tls_reason() + ")");
  const auto* const own = SSL_CTX_get0_certificate(to);
  if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0) return wrong(setting, file, "is not valid yet");
  if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
    return wrong(setting, file, "has expired; make a new one (deploy/ca.sh sign)");
  return {};
}

result<void> use_key(SSL_CTX* to, const path& file) {
  constexpr std::string_view setting = "AGENTMON_CONTROL_KEY";
  const auto opened = open(setting, file);
  if (!opened) return tl::unexpected{opened.error()};
  struct stat seen {};
  if (::stat(file.c_str(), &seen) != 0) return wrong(setting, file, "cannot be read; see its permissions");
  if ((seen.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return wrong(setting, file, "is open to others than its owner; chmod 600 it");
  const key_ptr key{PEM_read_bio_PrivateKey(opened->get(), nullptr, no_passphrase, nullptr)};
  if (!key) return wrong(setting, file, "is no private key in PEM without a passphrase (" + tls_reason() + ")");
  if (SSL_CTX_use_PrivateKey(to, key.get()) != 1 || SSL_CTX_check_private_key(to) != 1)
    return wrong(setting, file, "is not the key of AGENTMON_CONTROL_CERT");
  return {};
}

result<void> use_authorities(SSL_CTX* to, const path& file) {
  constexpr std::string_view setting = "AGENTMON_CONTROL_CA";
  if (auto readable = open(setting, file); !readable) return tl::unexpected{readable.error()};
  if (SSL_CTX_load_verify_file(to, file.c_str()) != 1)
    return wrong(setting, file, "holds no certificate in PEM (" + tls_reason() + ")");
  return {};
}

result<void> use_revoked(SSL_CTX* to, const path& file) {
  constexpr std::string_view setting = "AGENTMON_CONTROL_REVOKED";
  const auto opened = open(setting, file);
  if (!opened) return tl::unexpected{opened.error()};
  auto* const store = SSL_CTX_get_cert_store(to);
  size_t lists = 0;
  while (const crl_ptr list{PEM_read_bio_X509_CRL(opened->get(), nullptr, no_passphrase, nullptr)}) {
    X509_STORE_add_crl(store, list.get());
    ++lists;
  }
  ERR_clear_error(); // the end of the file
  if (lists == 0) return wrong(setting, file, "is no list of revoked certificates in PEM (deploy/ca.sh revoke)");
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

/// Empty when the certificate counts.
std::string distrust(SSL_CTX* by, X509* certificate) {
  const store_context_ptr check{X509_STORE_CTX_new()};
  if (!check || X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(by), certificate, nullptr) != 1)
    return "out of memory";
  if (X509_verify_cert(check.get()) == 1) return {};
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
}

result<identity::context> make_context(const control_files& files) {
  if (!files.certificate || !files.key || !files.authorities)
    return fail(fault::invalid, "TLS between nodes needs AGENTMON_CONTROL_CERT, AGENTMON_CONTROL_KEY and "
                                "AGENTMON_CONTROL_CA, all three; see deploy/ca.sh");
  identity::context made{SSL_CTX_new(TLS_method()), SSL_CTX_free};
  if (!made) return fail(fault::unavailable, "OpenSSL: " + tls_reason());
  auto* const to = made.get();
  SSL_CTX_set_min_proto_version(to, TLS1_3_VERSION);
  SSL_CTX_set_verify(to, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(to, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(to, 0); // a resumed session would not show its certificate again
  SSL_CTX_set_mode(to, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  ERR_clear_error();
  for (auto done :
       {use_certificate(to, *files.certificate), use_key(to, *files.key), use_authorities(to, *files.authorities)})
    if (!done) return tl::unexpected{done.error()};
  if (files.revoked)
    if (auto done = use_revoked(to, *files.revoked); !done) return tl::unexpected{done.error()};
  if (const auto why = distrust(to, SSL_CTX_get0_certificate(to)); !why.empty())
    return wrong("AGENTMON_CONTROL_CERT", *files.certificate,
                 "does not count with AGENTMON_CONTROL_CA"
                     + std::string{files.revoked ? " and AGENTMON_CONTROL_REVOKED" : ""} + ": " + why);
  return made;
}

} // namespace

std::string tls_reason() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "the connection was closed";
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

result<std::shared_ptr<identity>> identity::load(control_files files) {
  std::shared_ptr<identity> made{new identity{std::move(files)}}; // NOLINT: its constructor is private
  made->stamp_ = made->stamp();
  auto context = make_context(made->files_);
  if (!context) return tl::unexpected{context.error()};
  made->context_ = std::move(*context);
  return made;
}

identity::context identity::current() {
  const std::lock_guard lock{mutex_};
  looked_ = {};
  refresh();
  return context_;
}

bool identity::still_trusts(X509* certificate) { return distrust(current().get(), certificate).empty(); }

uint64_t identity::generation() {
  const std::lock_guard lock{mutex_};
  refresh();
  return generation_;
}

/// Reads the files again when they are not those of before.
void identity::refresh() {
  const auto at = std::chrono::steady_clock::now();
  if (at - looked_ < limits::member_look) return;
  looked_ = at;
  auto seen = stamp();
  if (seen == stamp_) return;
  stamp_ = std::move(seen);
  auto renewed = make_context(files_);
  if (!renewed) {
    log::error("control", "the new certificate files are not right; the old ones stay in use",
               {{"reason", renewed.error().message}});
    return;
  }
  context_ = std::move(*renewed);
  ++generation_;
  log::info("control", "has read its certificate files again");
}

std::string identity::stamp() const {
  std::string text;
  for (const auto& file : {files_.certificate, files_.key, files_.authorities, files_.revoked}) {
    struct stat seen {};
    if (!file || ::stat(file->c_str(), &seen) != 0) continue;
    for (const auto part : {int64_t{seen.st_mtim.tv_sec}, int64_t{seen.st_mtim.tv_nsec}, int64_t{seen.st_size},
                            static_cast<int64_t>(seen.st_ino)})
      text += std::to_string(part) + ' ';
  }
  return text;
}

} // namespace agentmon::control
