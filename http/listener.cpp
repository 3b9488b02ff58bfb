#include "http/listener_state.hpp"
#include "http/response.hpp"
#include "protocol/log.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <sys/resource.h>
#include <utility>

namespace agentmon {
namespace {

constexpr rlim_t spare_descriptors = 64; // for files, the database and the bus when connections take all others
constexpr std::string_view continue_answer = "HTTP/1.1 100 Continue\r\n\r\n";

int highest_descriptor() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= 2 * spare_descriptors) return 2 * spare_descriptors;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur - spare_descriptors, 1 << 30));
}

std::string refusal_bytes(int status, std::string_view reason, bool keep_alive = false) {
  return to_bytes(error(status, code_of_status(status), reason), {.keep_alive = keep_alive});
}

constexpr std::string_view too_much = "This server has as much in hand as it can; send it again in a second.";

} // namespace

void listener_state::start(int listening_fd, std::vector<worker_actor> workers, const listener_settings& settings) {
  settings_ = settings;
  workers_ = std::move(workers);
  whole_.resize(workers_.size());
  highest_fd_ = highest_descriptor();
  door_ = self_->add_doorman(listening_fd);
  self_->delayed_send(self_, settings_.tick, caf::tick_atom_v);
}

// -- connections ---------------------------------------------------------------

void listener_state::accepted(caf::io::connection_handle handle) {
  now_ = std::chrono::steady_clock::now();
  if (connections_.size() >= settings_.connections || handle.id() > highest_fd_) return refuse_connection(handle);
  ++stats_.accepted;
  auto& c = add(handle, next_worker_++ % workers_.size());
  c.deadline = now_ + settings_.idle_timeout;
}

void listener_state::refuse_connection(caf::io::connection_handle handle) {
  ++stats_.refused;
  if (!std::exchange(refusing_, true))
    log::warn("http", "no connection is free: new ones are refused", {{"open", connections_.size()}});
  const auto answer = refusal_bytes(503, "All connections of this server are taken; try again later.");
  self_->write(handle, answer.size(), answer.data());
  self_->flush(handle);
  self_->close(handle);
}

void listener_state::received(caf::io::new_data_msg& m) {
  const auto found = by_handle_.find(m.handle);
  if (found == by_handle_.end()) return;
  auto& c = *found->second;
  now_ = std::chrono::steady_clock::now();
  const std::string_view bytes{m.buf.data(), m.buf.size()};
  bool alive = true;
  switch (c.phase) {
  case phase::closing: break;
  case phase::websocket: alive = websocket_received(c, bytes); break;
  case phase::tunnel: alive = tunnel_received(c, bytes); break;
  case phase::idle:
    c.phase = phase::request;
    c.deadline = now_ + settings_.head_timeout;
    [[fallthrough]];
  case phase::request:
    c.in += bytes;
    buffered_ += bytes.size();
    alive = advance(c);
    break;
  case phase::skipping: alive = skipped(c, bytes); break;
  case phase::answering:
  case phase::sending:
    c.in += bytes;
    buffered_ += bytes.size();
    if (c.in.size() >= limits::read_chunk) halt(c);
    break;
  }
  if (alive) adapt_chunk(c, m.buf);
}

/// Looks how far the request at the front of the buffer has come.
bool listener_state::advance(connection& c) {
  end_old_claims();
  const bool had_head = c.request.head_complete();
  switch (c.request.feed(c.in)) {
  case splitter::state::whole: {
    const bool has_room = c.claimed > 0 && c.claimed == c.request.announced();
    unclaim(c);
    return !has_room && c.request.has_body() && overloaded(c.request.length()) ? turn_away(c) : hand_over(c);
  }
  case splitter::state::refused: return refuse(c, c.request.status(), c.request.reason());
  case splitter::state::more: break;
  }
  if (buffered_ > settings_.buffered_bytes)
    return refuse(c, 503, "This server is receiving too much at once; send it again in a second.");
  if (!c.request.head_complete()) return true;
  c.deadline = now_ + settings_.body_timeout;
  if (!had_head) c.claim_end = now_ + settings_.claim_time;
  if (c.request.announced() > 0 && ((!had_head && overloaded(c.request.announced())) || !claim(c))) {
    const bool unread = c.request.wants_continue() || c.request.announced() > limits::refuse_unread_bytes;
    return unread || !c.request.keep_alive() || draining_ ? refuse(c, 503, too_much) : skip_body(c);
  }
  if (had_head) return true;
  c.in.reserve(c.in.size() + c.request.announced());
  return !c.request.wants_continue() || send(c, continue_answer);
}

/// Requests without a body are always taken: they are small, and health checks must be answered under load.
bool listener_state::overloaded(uint64_t more) const {
  return held_->load(std::memory_order_relaxed) + claimed_ + more > settings_.held_bytes;
}

/// Keeps room for a body that was let in by its head, so that it is not turned away when all of it has been read: as
/// much as limits::claim_per_byte times what came, and not for longer than limits::claim_time, so that nobody keeps
/// others out by announcing much and sending little. False when it wants more than there is.
bool listener_state::claim(connection& c) {
  const auto likely = std::min<uint64_t>(c.request.announced(), limits::claim_per_byte * c.in.size());
  if (now_ >= c.claim_end || likely <= c.claimed) return true;
  if (overloaded(likely - c.claimed)) return false;
  if (c.claimed == 0) claim_ends_.emplace_back(c.claim_end, c.id);
  claimed_ += likely - c.claimed;
  c.claimed = likely;
  return true;
}

void listener_state::unclaim(connection& c) { claimed_ -= std::exchange(c.claimed, 0); }

void listener_state::end_old_claims() {
  for (; !claim_ends_.empty() && claim_ends_.front().first <= now_; claim_ends_.pop_front())
    if (auto* c = find(claim_ends_.front().second); c && c->claim_end <= now_) unclaim(*c);
}

/// Refuses a request that has been read whole: the connection can go on.
bool listener_state::turn_away(connection& c) {
  if (!c.request.keep_alive() || draining_ || c.request.begin() + c.request.length() < c.in.size())
    return refuse(c, 503, too_much);
  ++stats_.refused;
  buffered_ -= std::exchange(c.in, {}).size();
  if (!send(c, refusal_bytes(503, too_much, true))) return false;
  take_next(c);
  return true;
}

/// Refuses a request by its head, at once, and keeps the connection: its body costs neither memory nor a look.
bool listener_state::skip_body(connection& c) {
  ++stats_.refused;
  unclaim(c);
  c.phase = phase::skipping;
  c.skip = c.request.missing();
  buffered_ -= std::exchange(c.in, {}).size();
  return send(c, refusal_bytes(503, too_much, true));
}

bool listener_state::skipped(connection& c, std::string_view bytes) {
  const auto taken = std::min<uint64_t>(c.skip, bytes.size());
  c.skip -= taken;
  c.deadline = now_ + settings_.body_timeout;
  c.in += bytes.substr(taken);
  buffered_ += bytes.size() - taken;
  if (c.skip > 0) return true;
  const auto id = c.id;
  take_next(c);
  return find(id) != nullptr;
}

bool listener_state::hand_over(connection& c) {
  std::string bytes;
  const auto begin = c.request.begin();
  const auto length = c.request.length();
  buffered_ -= begin + length;
  if (begin == 0 && length == c.in.size())
    bytes = std::exchange(c.in, {});
  else {
    bytes = c.in.substr(begin, length);
    c.in.erase(0, begin + length);
  }
  const auto flags = (c.request.keep_alive() && !draining_ ? serve_flags::keep_alive : 0)
                     | (c.request.upgrade() ? serve_flags::upgrade : 0);
  c.phase = phase::answering;
  c.deadline = now_ + settings_.answer_timeout;
  ++stats_.requests;
  whole_[c.worker].push_back(to_worker(c, std::move(bytes), static_cast<uint8_t>(flags)));
  // What this actor sends itself is dealt with behind the sockets that are ready now.
  if (!std::exchange(in_round_, true)) self_->send(self_, round_atom{});
  return true;
}

served listener_state::to_worker(const connection& c, std::string bytes, uint8_t flags) const {
  held share{held_, bytes.size() + limits::held_request_bytes};
  return {c.id, std::move(bytes), flags, now_, std::move(share)};
}

/// One message for each worker, however many requests came together.
void listener_state::end_round() {
  in_round_ = false;
  for (size_t i = 0; i < workers_.size(); ++i)
    if (!whole_[i].empty()) self_->send(workers_[i], serve_atom_v, std::exchange(whole_[i], {}));
}

bool listener_state::refuse(connection& c, int status, std::string_view reason) {
  ++stats_.refused;
  return send(c, refusal_bytes(status, reason)) && finish(c);
}

void listener_state::answer(const answered& given) {
  auto* c = find(given.to);
  if (!c || c->phase != phase::answering) return;
  now_ = std::chrono::steady_clock::now();
  if (!send(*c, given.bytes)) return;
  if (given.close_after || draining_ || !c->request.keep_alive())
    finish(*c);
  else
    take_next(*c);
}

/// Goes on with the next request, but not before the last answer is written: whoever does not read costs one answer's
/// memory, however much he asks.
void listener_state::take_next(connection& c) {
  if (c.unsent > 0) {
    c.phase = phase::sending;
    c.deadline = time_point::max(); // write_timeout counts
    return;
  }
  c.request.reset();
  c.phase = phase::idle;
  c.deadline = now_ + settings_.idle_timeout;
  if (!c.in.empty()) {
    c.phase = phase::request;
    c.deadline = now_ + settings_.head_timeout;
    if (!advance(c)) return;
  }
  if (c.phase != phase::answering && c.phase != phase::sending) unhalt(c);
}

// -- time ------------------------------------------------------------------------

void listener_state::tick() {
  self_->delayed_send(self_, settings_.tick, caf::tick_atom_v);
  now_ = std::chrono::steady_clock::now();
  refusing_ = false;
  std::vector<connection_id> due;
  for (const auto& [id, c] : connections_)
    if (now_ >= c.deadline || (c.unsent > 0 && now_ >= c.written + settings_.write_timeout)) due.push_back(id);
  for (const auto id : due)
    if (auto* c = find(id)) expired(*c);
  if (settings_.report) settings_.report(stats());
}

/// A deadline has passed, or the reader takes nothing.
bool listener_state::expired(connection& c) {
  if (c.unsent > 0 && now_ >= c.written + settings_.write_timeout) {
    ++stats_.slow_closed;
    cut_ += draining_;
    abort(c);
    return false;
  }
  switch (c.phase) {
  case phase::websocket: return keep_alive(c);
  case phase::tunnel:
  case phase::sending: return true;
  case phase::closing:
    if (c.unsent > 0) return true; // as long as the reader takes anything
    abort(c);
    return false;
  case phase::idle:
  case phase::skipping: ++stats_.timed_out; return finish(c);
  case phase::request:
    ++stats_.timed_out;
    return send(c, refusal_bytes(408, "The request did not arrive whole in time.")) && finish(c);
  case phase::answering:
    ++stats_.timed_out;
    log::warn("http", "a request was not answered in time", {{"connection", c.id.value}});
    return send(c, refusal_bytes(504, "The answer takes too long; it is unknown whether the request took effect."))
           && finish(c);
  }
  return true;
}

// -- the end -----------------------------------------------------------------------

caf::result<uint64_t> listener_state::drain() {
  now_ = std::chrono::steady_clock::now();
  auto promise = self_->make_response_promise();
  drains_.push_back(promise);
  if (!std::exchange(draining_, true)) {
    self_->close(door_);
    std::vector<connection_id> all;
    for (const auto& [id, c] : connections_) all.push_back(id);
    for (const auto id : all) {
      auto* c = find(id);
      if (!c) continue;
      if (c->phase == phase::idle || c->phase == phase::skipping || c->phase == phase::sending
          || c->phase == phase::tunnel)
        finish(*c);
      else if (c->phase == phase::websocket)
        say_goodbye(*c, 1001, "the server is stopping");
    }
  }
  settle_drain();
  return promise;
}

void listener_state::settle_drain() {
  if (!draining_ || !connections_.empty()) return;
  for (auto& promise : drains_) promise.deliver(cut_);
  drains_.clear();
  self_->quit();
}

/// Told to quit: nothing must be left behind that CAF would wait for.
void listener_state::stop() {
  now_ = std::chrono::steady_clock::now();
  while (!connections_.empty()) abort(connections_.begin()->second);
}

listener_stats listener_state::stats() const {
  auto out = stats_;
  out.connections = connections_.size();
  out.buffered_bytes = buffered_;
  out.held_bytes = held_->load(std::memory_order_relaxed);
  return out;
}

// -- the actor -----------------------------------------------------------------------

namespace {

listener_self::behavior_type listener(listener_self::stateful_broker_pointer<listener_state> self, int listening_fd,
                                      const std::vector<worker_actor>& workers, const listener_settings& settings) {
  using namespace caf::io;
  self->set_exit_handler([self](const caf::exit_msg& m) {
    self->state.stop();
    self->quit(m.reason);
  });
  self->state.start(listening_fd, workers, settings);
  return {
      [self](answer_atom, const std::vector<answered>& all) {
        for (const auto& each : all) self->state.answer(each);
      },
      [self](upgrade_atom, connection_id id, const std::string& bytes) { self->state.upgrade(id, bytes); },
      [self](push_atom, const outgoing_frames& frames) { return self->state.push(frames); },
      [self](close_atom, connection_id id, uint16_t code, const std::string& why) { self->state.close(id, code, why); },
      [self](taken_atom, connection_id id) { self->state.taken(id); },
      [self](adopt_atom, connection_id id, int32_t fd, const std::string& first) { self->state.adopt(id, fd, first); },
      [self](drain_atom) { return self->state.drain(); },
      [self](stats_atom) { return self->state.stats(); },
      [self](caf::tick_atom) { self->state.tick(); },
      [self](resume_atom, connection_id id) { self->state.resume(id); },
      [self](round_atom) { self->state.end_round(); },
      [self](const new_connection_msg& m) { self->state.accepted(m.handle); },
      [self](new_data_msg& m) { self->state.received(m); },
      [self](const connection_closed_msg& m) { self->state.lost(m.handle); },
      [self](const data_transferred_msg& m) { self->state.transferred(m); },
      [](const acceptor_closed_msg&) {},
  };
}

} // namespace

result<listening> listen(caf::actor_system& system, const endpoint& where, std::vector<worker_actor> workers,
                         const listener_settings& settings) {
  if (workers.empty()) return fail(fault::invalid, "A listener needs at least one worker.");
  const auto bound = bind(where);
  if (!bound) return tl::unexpected{bound.error()};
  const auto actor = system.middleman().spawn_broker(listener, bound->fd, std::move(workers), settings);
  return listening{actor, bound->port};
}

size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit wanted{limit.rlim_max, limit.rlim_max};
  if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &wanted) == 0) return wanted.rlim_cur;
  return limit.rlim_cur;
}

void configure_multiplexer(caf::actor_system_config& config) { config.set("middleman.max-consecutive-reads", 1); }

} // namespace agentmon
