#pragma once
#include <nats/nats.h>

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <thread>

namespace agentmon::bus {

/// Reads and writes the socket of one NATS connection, on a thread of its own, in place of cnats' threads.
/// Left to itself, cnats writes within publish(): to a frozen server that blocks the caller and the ping timer with it,
/// and a write that runs into a deadline leaves half a message on the wire, into which the next one would be read. Here
/// a publish only appends to cnats' buffer, pings go on, and no write is ever given up half-way on a living connection.
class socket_loop {
public:
  socket_loop();
  ~socket_loop();
  socket_loop(const socket_loop&) = delete;
  socket_loop& operator=(const socket_loop&) = delete;

  /// Has the connection that will be made with these options use this loop. One connection a loop.
  natsStatus install(natsOptions*);

  /// Returns when what is being read from the socket at this moment is dealt with. cnats hands a message to a
  /// subscription that it has looked up before, without holding on to it: a subscription that was told to end may be
  /// freed only after.
  void settle() const;

  /// Ends the thread; returns when it runs no callback any more. Not to be called by that thread.
  void stop();

private:
  static natsStatus attach(void** user_data, void* loop, natsConnection*, natsSock);
  static natsStatus watch_reads(void* loop, bool on);
  static natsStatus watch_writes(void* loop, bool on);
  static natsStatus detach(void* loop);
  void wake() const;
  void run(const std::stop_token&, natsConnection*, int socket);
  void read(natsConnection*);

  int wake_ = -1; ///< eventfd
  std::atomic<bool> reads_{false};
  std::atomic<bool> writes_{false};
  std::atomic<uint64_t> phase_{0}; ///< odd while reading
  std::jthread thread_;
};

} // namespace agentmon::bus
