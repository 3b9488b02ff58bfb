#pragma once
#include "http/connection.hpp"
#include "http/listener.hpp"

#include <caf/io/all.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace agentmon {

using resume_atom = caf::atom_constant<caf::atom("resume")>;
using round_atom = caf::atom_constant<caf::atom("round")>;

/// The listener with what only itself and CAF send to it.
using listener_self =
    listener_actor::extend<caf::reacts_to<caf::tick_atom>, caf::reacts_to<resume_atom, connection_id>,
                           caf::reacts_to<round_atom>, caf::reacts_to<caf::io::new_connection_msg>,
                           caf::reacts_to<caf::io::new_data_msg>, caf::reacts_to<caf::io::connection_closed_msg>,
                           caf::reacts_to<caf::io::data_transferred_msg>, caf::reacts_to<caf::io::acceptor_closed_msg>>;

/// The listener's state and deeds. Everything runs on CAF's one multiplexer thread.
/// A function that takes a connection& and returns bool answers: does the connection still exist? After false the
/// reference is dangling.
class listener_state {
public:
  explicit listener_state(listener_self::broker_pointer self) : self_{self} {}

  void start(int listening_fd, std::vector<worker_actor> workers, const listener_settings&);

  // -- what the multiplexer tells: listener.cpp
  void accepted(caf::io::connection_handle);
  void received(caf::io::new_data_msg&);
  void lost(caf::io::connection_handle);
  void transferred(const caf::io::data_transferred_msg&);
  void tick();
  void end_round();

  // -- what others ask for: listener.cpp
  void answer(const answered&);
  caf::result<uint64_t> drain();
  listener_stats stats() const;
  void stop();

  // -- WebSockets and tunnels: listener_websocket.cpp
  void upgrade(connection_id, const std::string& handshake);
  uint64_t push(const outgoing_frames&);
  void close(connection_id, uint16_t code, const std::string& reason);
  void taken(connection_id);
  void adopt(connection_id, int32_t fd, const std::string& first_bytes);

  void resume(connection_id);

  static inline const char* name = "listener";

private:
  // -- bytes: listener_bytes.cpp
  connection& add(caf::io::connection_handle, size_t worker);
  connection* find(connection_id);
  bool send(connection&, std::string_view bytes);
  void halt(connection&);
  void unhalt(connection&);
  bool finish(connection&);
  void abort(connection&);
  void forget(connection&);
  void adapt_chunk(connection&, std::vector<char>& buffer);

  // -- HTTP: listener.cpp
  bool advance(connection&);
  bool overloaded(uint64_t more) const;
  bool claim(connection&);
  void unclaim(connection&);
  void end_old_claims();
  bool turn_away(connection&);
  bool skip_body(connection&);
  bool skipped(connection&, std::string_view bytes);
  bool hand_over(connection&);
  served to_worker(const connection&, std::string bytes, uint8_t flags) const;
  bool refuse(connection&, int status, std::string_view reason);
  void refuse_connection(caf::io::connection_handle);
  void take_next(connection&);
  bool expired(connection&);
  void settle_drain();

  // -- listener_websocket.cpp
  bool websocket_received(connection&, std::string_view bytes);
  bool tunnel_received(connection&, std::string_view bytes);
  bool say_goodbye(connection&, uint16_t code, std::string_view reason);
  void end_websocket(connection&);
  bool keep_alive(connection&);
  void drained(connection&);

  listener_self::broker_pointer self_;
  listener_settings settings_;
  std::vector<worker_actor> workers_;
  std::vector<std::vector<served>> whole_; // for each worker, what this round of events brought
  bool in_round_ = false;                  // a round_atom is on its way
  size_t next_worker_ = 0;
  caf::io::accept_handle door_;
  int highest_fd_ = 0; // connections whose descriptor is higher are refused, so that some stay free for the rest
  std::unordered_map<connection_id, connection> connections_;
  std::unordered_map<caf::io::connection_handle, connection*> by_handle_;
  listener_stats stats_;
  uint64_t buffered_ = 0;                                                // bytes in all connection::in
  std::shared_ptr<held::total> held_ = std::make_shared<held::total>(0); // what workers have in hand
  uint64_t claimed_ = 0;                                                 // room that is kept for bodies on their way
  std::deque<std::pair<time_point, connection_id>> claim_ends_;          // when and whose, in order
  uint64_t cut_ = 0;                                                     // connections that drain had to cut
  bool draining_ = false;
  bool refusing_ = false; // has been logged
  std::vector<caf::response_promise> drains_;
  time_point now_;
};

} // namespace agentmon
