#include "control/session.hpp"

#include <caf/io/basp/message_type.hpp>
#include <caf/policy/tcp.hpp>

#include <algorithm>
#include <limits>
#include <openssl/err.h>

namespace agentmon::control {
namespace {

int chunk(size_t size) { return static_cast<int>(std::min<size_t>(size, std::numeric_limits<int>::max())); }

} // namespace

session::session(std::shared_ptr<identity> who, int fd, bool as_server)
    : who_{std::move(who)}, tls_{SSL_new(who_->current().get()), SSL_free}, generation_{who_->generation()} {
  if (!tls_) return;
  SSL_set_fd(tls_.get(), fd);
  if (as_server)
    SSL_set_accept_state(tls_.get());
  else
    SSL_set_connect_state(tls_.get());
}

session::progress session::shake_hands() {
  if (!tls_) return progress::failed;
  ERR_clear_error();
  const int done = SSL_do_handshake(tls_.get());
  if (done == 1) return progress::done;
  switch (SSL_get_error(tls_.get(), done)) {
  case SSL_ERROR_WANT_READ: return progress::wants_read;
  case SSL_ERROR_WANT_WRITE: return progress::wants_write;
  default: return progress::failed;
  }
}

bool session::is_trusted() {
  const auto now = who_->generation();
  if (std::exchange(generation_, now) == now) return true;
  return who_->still_trusts(SSL_get0_peer_certificate(tls_.get()));
}

transport::transport(std::unique_ptr<session> tls, bool accepted, std::string from, std::shared_ptr<refusals> told)
    : tls_{std::move(tls)}, introduces_itself_{accepted}, from_{std::move(from)}, refusals_{std::move(told)} {}

transport::state transport::read_some(size_t& result, int fd, void* buffer, size_t size) {
  result = 0;
  if (!tls_) {
    if (const auto got = caf::policy::tcp::read_some(result, fd, buffer, size); got != state::success) return got;
  } else {
    if (!tls_->is_trusted()) return refuse("its certificate does not count any more");
    ERR_clear_error();
    const int got = SSL_read(tls_->get(), buffer, chunk(size));
    if (got > 0)
      result = static_cast<size_t>(got);
    else if (const auto why = SSL_get_error(tls_->get(), got);
             why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
      return state::failure;
  }
  if (result == 0 || !introduces_itself_) return state::success;
  introduces_itself_ = false;
  const auto first = *static_cast<const unsigned char*>(buffer);
  if (first != static_cast<unsigned char>(caf::io::basp::message_type::client_handshake))
    return refuse("what it says is not what a node says");
  return state::success;
}

transport::state transport::write_some(size_t& result, int fd, const void* buffer, size_t size) {
  if (!tls_) return caf::policy::tcp::write_some(result, fd, buffer, size);
  result = 0;
  if (size == 0) return state::indeterminate;
  ERR_clear_error();
  const int put = SSL_write(tls_->get(), buffer, chunk(size));
  if (put > 0) {
    result = static_cast<size_t>(put);
    return state::success;
  }
  const auto why = SSL_get_error(tls_->get(), put);
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? state::success : state::failure;
}

bool transport::must_read_more(int, size_t threshold) const {
  return tls_ && static_cast<size_t>(SSL_pending(tls_->get())) >= threshold;
}

transport::state transport::refuse(std::string_view why) {
  refusals_->tell(from_, why);
  return state::failure;
}

} // namespace agentmon::control
