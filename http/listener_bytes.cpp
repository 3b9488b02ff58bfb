#include "http/listener_state.hpp"
#include "protocol/log.hpp"

#include <atomic>
#include <sys/socket.h>

namespace agentmon {
namespace {

// Process-wide, so that one worker may serve several listeners.
std::atomic<uint64_t> last_id = 0;

/// CAF 0.17.6 (the build insists on it) names a connection by its descriptor: network::conn_hdl_from_socket.
int descriptor_of(caf::io::connection_handle handle) { return static_cast<int>(handle.id()); }

} // namespace

connection& listener_state::add(caf::io::connection_handle handle, size_t worker) {
  const connection_id id{++last_id};
  auto& c = connections_[id];
  c.id = id;
  c.handle = handle;
  c.worker = worker;
  by_handle_[handle] = &c;
  self_->ack_writes(handle, true);
  self_->configure_read(handle, caf::io::receive_policy::at_most(c.chunk));
  return c;
}

connection* listener_state::find(connection_id id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : &found->second;
}

/// Gives the kernel what it takes at once: that spares two changes of the epoll set for each answer. Only the rest goes
/// through CAF's buffer.
bool listener_state::send(connection& c, std::string_view bytes) {
  if (c.unsent == 0 && !bytes.empty()) {
    const auto taken = ::send(descriptor_of(c.handle), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken > 0)
      bytes.remove_prefix(static_cast<size_t>(taken));
    else if (taken < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      abort(c);
      return false;
    }
    c.written = now_;
  }
  if (bytes.empty()) return true;
  self_->write(c.handle, bytes.size(), bytes.data());
  self_->flush(c.handle);
  c.unsent += bytes.size();
  stats_.unsent_bytes += bytes.size();
  if (c.unsent <= settings_.response_backlog) return true;
  ++stats_.slow_closed;
  abort(c);
  return false;
}

void listener_state::transferred(const caf::io::data_transferred_msg& m) {
  const auto found = by_handle_.find(m.handle);
  if (found == by_handle_.end()) return;
  auto& c = *found->second;
  now_ = std::chrono::steady_clock::now();
  stats_.unsent_bytes -= c.unsent - m.remaining;
  c.unsent = m.remaining;
  c.written = now_;
  if (c.phase == phase::closing && c.unsent == 0)
    finish(c);
  else if (c.phase == phase::sending && c.unsent == 0)
    take_next(c);
  else
    drained(c);
}

/// Small while a connection is quiet, large while much is on its way; the large buffer is given back.
void listener_state::adapt_chunk(connection& c, std::vector<char>& buffer) {
  const auto wanted = buffer.size() >= c.chunk             ? limits::read_chunk_body
                      : buffer.size() < limits::read_chunk ? limits::read_chunk
                                                           : c.chunk;
  if (wanted == c.chunk) return;
  if (wanted < c.chunk) std::vector<char>{}.swap(buffer);
  c.chunk = wanted;
  self_->configure_read(c.handle, caf::io::receive_policy::at_most(c.chunk));
}

/// Called only from what `received` does for this very connection: its socket is then in the epoll set, and CAF forgets
/// a halt that meets a trigger which has not reached the set yet.
void listener_state::halt(connection& c) {
  if (c.halted) return;
  c.halted = true;
  self_->halt(c.handle);
}

/// CAF loses a trigger that comes before a halt has reached the epoll set, which happens at the end of each round of
/// events. So the trigger takes the way over the next round.
void listener_state::unhalt(connection& c) {
  if (!c.halted) return;
  c.halted = false;
  self_->backend().post(
      [self = caf::actor_cast<caf::actor>(self_->ctrl()), id = c.id] { caf::anon_send(self, resume_atom{}, id); });
}

void listener_state::resume(connection_id id) {
  auto* c = find(id);
  if (c && !c->halted) self_->trigger(c->handle);
}

/// Closes in order: sends what is unsent, says so to the peer, then waits a little for the peer's own end, because
/// closing a socket with unread input would destroy the answer on its way.
bool listener_state::finish(connection& c) {
  end_websocket(c);
  unclaim(c);
  c.phase = phase::closing;
  buffered_ -= c.in.size();
  c.in.clear();
  c.in.shrink_to_fit();
  unhalt(c);
  c.deadline = now_ + settings_.linger_timeout;
  if (c.unsent == 0 && ::shutdown(descriptor_of(c.handle), SHUT_WR) != 0) {
    abort(c);
    return false;
  }
  return true;
}

/// Closes at once. CAF would keep a socket with unsent bytes until the peer takes them, maybe for ever, and would not
/// tell of it any more; after a shutdown of both sides its next write fails, and that ends it.
void listener_state::abort(connection& c) {
  if (c.unsent > 0) ::shutdown(descriptor_of(c.handle), SHUT_RDWR);
  self_->close(c.handle);
  forget(c);
}

/// The multiplexer says that the peer is gone.
void listener_state::lost(caf::io::connection_handle handle) {
  const auto found = by_handle_.find(handle);
  if (found == by_handle_.end()) return;
  now_ = std::chrono::steady_clock::now();
  auto& c = *found->second;
  if (c.unsent > 0) ::shutdown(descriptor_of(handle), SHUT_RDWR); // see abort
  forget(c);
}

/// Takes leave of all that knows the connection. The reference is dangling afterwards.
void listener_state::forget(connection& c) {
  end_websocket(c);
  unclaim(c);
  const auto id = c.id;
  const auto other = c.phase == phase::tunnel ? c.other : connection_id{};
  buffered_ -= c.in.size();
  stats_.unsent_bytes -= c.unsent;
  by_handle_.erase(c.handle);
  connections_.erase(id);
  if (auto* end = find(other); end && end->phase == phase::tunnel) finish(*end);
  settle_drain();
}

} // namespace agentmon
