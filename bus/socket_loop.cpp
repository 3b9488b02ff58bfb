#include "bus/socket_loop.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace agentmon::bus {

socket_loop::socket_loop() : wake_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {}

socket_loop::~socket_loop() {
  stop();
  if (wake_ >= 0) close(wake_);
}

natsStatus socket_loop::install(natsOptions* options) {
  if (wake_ < 0) return NATS_SYS_ERROR;
  // Without this, cnats keeps a flusher thread that waits a millisecond for company before each write.
  const auto status = natsOptions_SetSendAsap(options, true);
  if (status != NATS_OK) return status;
  return natsOptions_SetEventLoop(options, this, attach, watch_reads, watch_writes, detach);
}

void socket_loop::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake();
  thread_.join();
}

void socket_loop::settle() const {
  const auto phase = phase_.load();
  if (phase % 2 == 1) phase_.wait(phase);
}

natsStatus socket_loop::attach(void** user_data, void* loop, natsConnection* connection, natsSock socket) {
  auto* self = static_cast<socket_loop*>(loop);
  *user_data = self;
  self->reads_ = true;
  self->thread_ =
      std::jthread{[self, connection, socket](const std::stop_token& stop) { self->run(stop, connection, socket); }};
  return NATS_OK;
}

natsStatus socket_loop::watch_reads(void* loop, bool on) {
  auto* self = static_cast<socket_loop*>(loop);
  self->reads_ = on;
  if (on) self->wake();
  return NATS_OK;
}

natsStatus socket_loop::watch_writes(void* loop, bool on) {
  auto* self = static_cast<socket_loop*>(loop);
  self->writes_ = on;
  if (on) self->wake();
  return NATS_OK;
}

natsStatus socket_loop::detach(void* loop) {
  auto* self = static_cast<socket_loop*>(loop);
  self->reads_ = self->writes_ = false;
  return NATS_OK;
}

void socket_loop::wake() const { eventfd_write(wake_, 1); }

void socket_loop::run(const std::stop_token& stop, natsConnection* connection, int socket) {
  while (!stop.stop_requested()) {
    const int events = (reads_ ? POLLIN : 0) | (writes_ ? POLLOUT : 0);
    // A negative descriptor is skipped: the socket may be closed, and its number taken by somebody else.
    std::array<pollfd, 2> watched{{{wake_, POLLIN, 0}, {events == 0 ? -1 : socket, static_cast<short>(events), 0}}};
    if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
    eventfd_t ignored = 0;
    if (watched[0].revents != 0) eventfd_read(wake_, &ignored);
    const int broken = POLLERR | POLLHUP;
    const int ready = watched[1].revents;
    if (writes_ && (ready & (POLLOUT | broken)) != 0) natsConnection_ProcessWriteEvent(connection);
    if (reads_ && (ready & (POLLIN | broken)) != 0) read(connection);
  }
}

void socket_loop::read(natsConnection* connection) {
  ++phase_;
  natsConnection_ProcessReadEvent(connection);
  ++phase_;
  phase_.notify_all();
}

} // namespace agentmon::bus
