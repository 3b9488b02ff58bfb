#include "monitor/ssh_connection.hpp"

#include "protocol/limits.hpp"
#include "protocol/one_line.hpp"
#include "protocol/utf_8.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>

namespace agentmon::monitor {
namespace {

std::string words_of(int error) { return std::system_category().message(error); }

std::string in_words(std::chrono::seconds time) { return std::to_string(time.count()) + " s"; }

/// libssh2_init is not safe for threads, and what it makes lasts as long as the process.
void start_library() { [[maybe_unused]] static const int once = libssh2_init(0); }

bool is_closed_by_peer(int error) {
  return error == LIBSSH2_ERROR_SOCKET_RECV || error == LIBSSH2_ERROR_SOCKET_SEND
         || error == LIBSSH2_ERROR_SOCKET_DISCONNECT || error == LIBSSH2_ERROR_BANNER_RECV;
}

/// The types of host keys that this libssh2 knows. It must not be given others: it takes them out of its list with a
/// memcpy onto itself.
std::vector<std::string_view> possible_key_types(LIBSSH2_SESSION* session) {
  const char** names = nullptr;
  const int count = libssh2_session_supported_algs(session, LIBSSH2_METHOD_HOSTKEY, &names);
  std::vector<std::string_view> list;
  for (int i = 0; i < count; ++i) list.emplace_back(names[i]);
  libssh2_free(session, names); // the list, whose names are constants
  return list;
}

/// What OpenSSH says before it closes a connection that is one too many.
bool is_busy(std::string_view greeting) {
  return greeting.starts_with("Exceeded MaxStartups") || greeting.starts_with("Not allowed at this time");
}

/// libssh2 before 1.11 signs with RSA in the way that OpenSSH dropped in 8.8.
bool rsa_is_useless() { return libssh2_version(0x010b00) == nullptr; }

} // namespace

void ssh_connection::end_session::operator()(LIBSSH2_SESSION* session) const {
  // Its socket is shut down, so nothing is really waited for; but what is in flight fails one at a time.
  constexpr int tries = 100;
  libssh2_session_set_blocking(session, 0);
  for (int i = 0; i < tries && libssh2_session_free(session) == LIBSSH2_ERROR_EAGAIN;) ++i;
}

void ssh_connection::close() {
  if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
  channel_ = nullptr;
  session_.reset();
  socket_ = {};
  key_ = {};
  phase_ = phase::closed;
  deadline_ = clock::time_point::max();
}

void ssh_connection::connect(std::vector<address> addresses) {
  start_library();
  close();
  greeting_.clear();
  kept_ = try_again_ = false;
  addresses_ = std::move(addresses);
  std::ranges::reverse(addresses_); // taken from the back

  auto key = read_private_key(place_.key);
  if (!key) return fail_as(reach::key_unreadable, key.error().message);
  key_ = std::move(*key);
  auto known = find_host_in(place_.known_hosts, place_.host, place_.port);
  if (!known)
    return fail_as(reach::key_unreadable,
                   known.error().message + ": it must name " + name() + ", whose key is not trusted blindly");
  known_ = std::move(*known);
  deadline_ = clock::now() + limits::ssh_connect_timeout;
  try_address();
}

void ssh_connection::try_address() {
  const auto address = addresses_.back();
  addresses_.pop_back();
  socket_ = service::descriptor{::socket(address.where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  phase_ = phase::connecting;
  if (!socket_
      || (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address.where), address.size) != 0
          && errno != EINPROGRESS)) {
    const int error = errno;
    if (!addresses_.empty()) return try_address();
    fail_as(reach::unreachable, name() + " cannot be reached: " + words_of(error) + ". Is ssh.host right?");
  }
}

void ssh_connection::connecting() {
  pollfd writable{socket_.get(), POLLOUT, 0};
  if (::poll(&writable, 1, 0) == 0) return;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0 && !addresses_.empty()) return try_address();
  if (error == ECONNREFUSED)
    return fail_as(reach::refused, "nobody listens on " + name() + ": is sshd started there, and ssh.port right?");
  if (error != 0)
    return fail_as(reach::unreachable,
                   name() + " cannot be reached: " + words_of(error) + ". Is the machine on, and ssh.host right?");

  session_.reset(libssh2_session_init_ex(nullptr, nullptr, nullptr, this));
  if (!session_) return fail_as(reach::unknown, "there is no memory for another SSH connection");
#if LIBSSH2_VERSION_NUM >= 0x010b01
  libssh2_session_callback_set2(session_.get(), LIBSSH2_CALLBACK_RECV, reinterpret_cast<libssh2_cb_generic*>(receive));
#else
  libssh2_session_callback_set(session_.get(), LIBSSH2_CALLBACK_RECV, reinterpret_cast<void*>(receive));
#endif
  libssh2_session_set_blocking(session_.get(), 0);
  const auto wanted = key_types_wanted(known_, possible_key_types(session_.get()));
  libssh2_session_method_pref(session_.get(), LIBSSH2_METHOD_HOSTKEY, wanted.c_str());
  phase_ = phase::handshake;
  deadline_ = clock::now() + limits::ssh_login_timeout;
}

/// What libssh2 reads with. It would swallow the server's first bytes, which tell what it is if it is no SSH server.
ssize_t ssh_connection::receive(libssh2_socket_t socket, void* buffer, size_t size, int flags, void** connection) {
  const auto n = ::recv(socket, buffer, size, flags);
  if (n < 0) return -errno;
  constexpr size_t kept = 100;
  auto& greeting = static_cast<ssh_connection*>(*connection)->greeting_;
  greeting.append(static_cast<const char*>(buffer), std::min(static_cast<size_t>(n), kept - greeting.size()));
  return n;
}

void ssh_connection::handshake() {
  const int error = libssh2_session_handshake(session_.get(), socket_.get());
  if (error == LIBSSH2_ERROR_EAGAIN) return;
  if (error != 0) return handshake_failed(error);
  check_host_key();
}

void ssh_connection::handshake_failed(int error) {
  if (is_closed_by_peer(error) && (greeting_.empty() || is_busy(greeting_)))
    return fail_as(reach::silent,
                   name()
                       + " closes connections before it says who it is: it has too many at a time (MaxStartups of "
                         "sshd_config), or does not let this address in",
                   true);
  if (!greeting_.starts_with("SSH-"))
    return fail_as(reach::not_ssh, name() + " is no SSH server, it says \"" + one_line(to_utf_8(greeting_), 60)
                                       + "\": correct ssh.port");
  if (is_closed_by_peer(error))
    return fail_as(reach::silent, name() + " closed the connection while keys were exchanged: look at its sshd's log",
                   true);
  fail_as(reach::not_ssh,
          name() + " speaks SSH, but not in a way that libssh2 " + libssh2_version(0) + " does (" + said()
              + "): allow curve25519-sha256, aes128-ctr, hmac-sha2-256 and an ed25519 host key in its sshd_config");
}

void ssh_connection::check_host_key() {
  size_t size = 0;
  int type = 0;
  const char* bytes = libssh2_session_hostkey(session_.get(), &size, &type);
  const std::string_view wire{bytes, bytes == nullptr ? 0 : size};
  const auto shown = host_key_of(wire);
  const auto file = place_.known_hosts.string();
  const auto key = shown.type + ' ' + fingerprint(wire);
  switch (judge(known_, shown)) {
  case trust::known: phase_ = phase::login; return;
  case trust::unknown:
    return fail_as(reach::host_key_unknown, file + " has no key of " + name() + " to compare with, which shows " + key
                                                + ". If ssh-keygen -l says the same there, add it: ssh-keyscan -p "
                                                + std::to_string(place_.port) + " -t ed25519,ecdsa " + place_.host
                                                + " >> " + file);
  case trust::changed:
    return fail_as(reach::host_key_changed,
                   name() + " shows " + key + ", and " + file
                       + " names another key: it was installed anew, or somebody is in between. If it is right, remove "
                         "the old one with ssh-keygen -R and add this one");
  }
}

void ssh_connection::login() {
  const int error = libssh2_userauth_publickey_frommemory(session_.get(), place_.user.data(), place_.user.size(),
                                                          nullptr, 0, key_.text.data(), key_.text.size(), nullptr);
  if (error == LIBSSH2_ERROR_EAGAIN) return;
  if (error != 0) return login_failed(error);
  key_ = {};
  phase_ = phase::ready;
  deadline_ = clock::time_point::max();
}

void ssh_connection::login_failed(int error) {
  const auto key = place_.key.string();
  if (error == LIBSSH2_ERROR_FILE)
    return fail_as(reach::key_unreadable,
                   "the key " + key + " cannot be used (" + said() + "): make one with ssh-keygen -t ed25519");
  if (is_closed_by_peer(error))
    return fail_as(reach::silent, name() + " closed the connection while we logged in: look at its sshd's log");
  if (key_.rsa && rsa_is_useless())
    return fail_as(reach::key_refused, name() + " does not take " + key + ", which is an RSA key: libssh2 "
                                           + libssh2_version(0)
                                           + " can only sign with it in a way that sshd refuses. Use an ed25519 key");
  fail_as(reach::key_refused, name() + " does not let " + place_.user + " in with " + key
                                  + ": add its public key to ~/.ssh/authorized_keys there (" + said() + ")");
}

ssh_connection::progress ssh_connection::advance() {
  for (;;) {
    const auto before = phase_;
    switch (phase_) {
    case phase::closed: return progress::failed;
    case phase::connecting: connecting(); break;
    case phase::handshake: handshake(); break;
    case phase::login: login(); break;
    case phase::ready: return progress::ready;
    case phase::opening: opening(); break;
    case phase::starting: starting(); break;
    case phase::sending: sending(); break;
    case phase::reading: reading(); break;
    case phase::ending: ending(); break;
    }
    if (phase_ == phase::ready && before == phase::ending) return progress::answered;
    if (phase_ != before) continue;
    if (clock::now() < deadline_) return progress::waiting;
    out_of_time();
  }
}

void ssh_connection::out_of_time() {
  switch (phase_) {
  case phase::connecting:
    if (!addresses_.empty()) {
      deadline_ = clock::now() + limits::ssh_connect_timeout;
      return try_address();
    }
    return fail_as(reach::unreachable, name() + " does not answer within " + in_words(limits::ssh_connect_timeout)
                                           + ": is the machine on, and does no firewall drop that port?");
  case phase::handshake:
    if (!greeting_.empty() && !greeting_.starts_with("SSH-")) return handshake_failed(LIBSSH2_ERROR_PROTO);
    [[fallthrough]];
  case phase::login:
    return fail_as(reach::silent, name() + " takes the connection and then says nothing for "
                                      + in_words(limits::ssh_login_timeout)
                                      + ": the machine or its sshd is frozen or overloaded");
  case phase::opening:
    if (kept_) return lost("does not answer any more");
    [[fallthrough]];
  default:
    return fail_as(reach::probe_failed, "the probe of " + name() + " did not end within "
                                            + in_words(limits::ssh_probe_timeout)
                                            + ": is the machine overloaded, or a file system hung?");
  }
}

short ssh_connection::events() const {
  if (phase_ == phase::connecting) return POLLOUT;
  // What a server says unasked stays unread until the next command, so it must not wake us again and again.
  if (phase_ == phase::ready) return POLLRDHUP;
  const int directions = libssh2_session_block_directions(session_.get());
  const int wanted = ((directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 ? POLLIN : 0)
                     | ((directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0 ? POLLOUT : 0);
  return static_cast<short>(wanted != 0 ? wanted : POLLIN);
}

void ssh_connection::lost(const std::string& doing) {
  fail_as(reach::silent, "the connection to " + name() + " " + doing, true);
}

void ssh_connection::fail_as(reach how, std::string reason, bool try_again) {
  failure_ = {how, std::move(reason), std::nullopt};
  try_again_ = try_again;
  close();
}

std::string ssh_connection::name() const { return place_.host + " port " + std::to_string(place_.port); }

std::string ssh_connection::said() const {
  char* text = nullptr;
  int size = 0;
  libssh2_session_last_error(session_.get(), &text, &size, 0);
  return {text, text == nullptr ? 0 : static_cast<size_t>(size)};
}

} // namespace agentmon::monitor
