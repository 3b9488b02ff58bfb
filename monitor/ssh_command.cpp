#include "monitor/ssh_connection.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <array>

// The half of an SSH connection that runs commands.
namespace agentmon::monitor {

void ssh_connection::run(std::string command, std::string input) {
  command_ = std::move(command);
  input_ = std::move(input);
  unsent_ = input_;
  output_ = {};
  received_ = 0;
  const auto now = clock::now();
  probe_deadline_ = now + limits::ssh_probe_timeout;
  deadline_ = kept_ ? now + limits::ssh_answer_timeout : probe_deadline_;
  phase_ = phase::opening;
}

ssh_connection::output ssh_connection::answer() {
  kept_ = true;
  return std::move(output_);
}

void ssh_connection::opening() {
  constexpr std::string_view kind = "session";
  channel_ = libssh2_channel_open_ex(session_.get(), kind.data(), kind.size(), LIBSSH2_CHANNEL_WINDOW_DEFAULT,
                                     LIBSSH2_CHANNEL_PACKET_DEFAULT, nullptr, 0);
  if (channel_ != nullptr) {
    deadline_ = probe_deadline_;
    phase_ = phase::starting;
    return;
  }
  const int error = libssh2_session_last_errno(session_.get());
  if (error == LIBSSH2_ERROR_EAGAIN) return;
  if (error == LIBSSH2_ERROR_CHANNEL_FAILURE)
    return fail_as(reach::probe_failed, name() + " runs no command for " + place_.user + " (" + said()
                                            + "): look at MaxSessions and at authorized_keys there");
  lost("was closed (" + said() + ")");
}

void ssh_connection::starting() {
  constexpr std::string_view request = "exec";
  const int error = libssh2_channel_process_startup(channel_, request.data(), request.size(), command_.data(),
                                                    static_cast<unsigned int>(command_.size()));
  if (error == LIBSSH2_ERROR_EAGAIN) return;
  if (error == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED)
    return fail_as(reach::probe_failed, name() + " runs no command for " + place_.user
                                            + ": look at its sshd_config and at authorized_keys there");
  if (error != 0) return lost("was closed (" + said() + ")");
  phase_ = phase::sending;
}

void ssh_connection::sending() {
  while (!unsent_.empty()) {
    const auto sent = libssh2_channel_write_ex(channel_, 0, unsent_.data(), unsent_.size());
    // A full window is no progress, and no error either: what the command says must be read first.
    if (sent == LIBSSH2_ERROR_EAGAIN || sent == 0) {
      read_all();
      return;
    }
    // A forced command need not read what we send.
    if (sent < 0) break;
    unsent_.remove_prefix(static_cast<size_t>(sent));
  }
  if (libssh2_channel_send_eof(channel_) == LIBSSH2_ERROR_EAGAIN) return;
  phase_ = phase::reading;
}

/// Takes what has come on both streams; false when that was an error, which is told.
bool ssh_connection::read_all() {
  std::array<char, 16 * limits::KiB> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by reading
  constexpr int standard = 0;
  for (bool more = true; more;) {
    more = false;
    for (const int stream : {standard, SSH_EXTENDED_DATA_STDERR}) {
      const auto n = libssh2_channel_read_ex(channel_, stream, bytes.data(), bytes.size());
      if (n < 0 && n != LIBSSH2_ERROR_EAGAIN) {
        fail_as(reach::probe_failed, "the connection to " + name() + " broke while the probe ran: " + said());
        return false;
      }
      if (n <= 0) continue;
      more = true;
      const auto size = static_cast<size_t>(n);
      received_ += size;
      if (received_ > limits::probe_bytes) {
        fail_as(reach::probe_failed, "what runs on " + name() + " instead of the probe says more than "
                                         + std::to_string(limits::probe_bytes / limits::MiB)
                                         + " MiB: look at what the login of " + place_.user + " starts there");
        return false;
      }
      if (stream == standard)
        output_.text.append(bytes.data(), size);
      else
        output_.errors.append(bytes.data(), std::min(size, limits::probe_errors_bytes - output_.errors.size()));
    }
    // Reading standard error may have taken output from the socket, which will not be readable for it again.
    if (!more) more = libssh2_poll_channel_read(channel_, standard) > 0;
  }
  return true;
}

void ssh_connection::reading() {
  if (read_all() && libssh2_channel_eof(channel_) != 0) phase_ = phase::ending;
}

void ssh_connection::ending() {
  if (libssh2_channel_close(channel_) == LIBSSH2_ERROR_EAGAIN) return;
  if (libssh2_channel_wait_closed(channel_) == LIBSSH2_ERROR_EAGAIN) return;
  output_.status = libssh2_channel_get_exit_status(channel_);
  if (libssh2_channel_free(channel_) == LIBSSH2_ERROR_EAGAIN) return;
  channel_ = nullptr;
  deadline_ = clock::time_point::max();
  phase_ = phase::ready;
}

} // namespace agentmon::monitor
