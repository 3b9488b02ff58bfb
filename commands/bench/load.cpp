#include "commands/bench/load.hpp"

#include "commands/bench/sockets.hpp"
#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <deque>

namespace agentmon::bench {
namespace {

class closed_loop {
public:
  closed_loop(const endpoint& gateway, event_source& events, const load_plan& plan)
      : gateway_{gateway}, events_{events}, plan_{plan} {}

  result<void> connect() {
    for (size_t i = 0; i < plan_.connections; ++i) {
      auto opened = post_connection::open(gateway_);
      if (!opened) return tl::unexpected{opened.error()};
      posters_.push_back({std::move(*opened), {}, 0});
      ready_.add(posters_.back().socket.fd(), static_cast<uint32_t>(i));
    }
    return {};
  }

  result<load_figures> run(const std::function<void(size_t)>& tick) {
    begin_ = progress_ = steady::now();
    for (auto& p : posters_) post_next(p);
    while (!failure_ && busy_ + waiting_.size() > 0) {
      ready_.wait(waiting_.empty() ? limits::bench_look : limits::bench_retry, [&](uint32_t i) { go_on(i); });
      resend_refused();
      if (steady::now() - progress_ > limits::bench_patience)
        return fail(fault::timeout, "the gateway has not answered for a while");
      if (interrupt::requested()) return fail(fault::stopping, "interrupted");
      tick(figures_.acked);
    }
    if (failure_) return tl::unexpected{*failure_};
    figures_.batch = plan_.batch;
    figures_.connections = plan_.connections;
    figures_.acked_per_second =
        static_cast<double>(figures_.acked) / std::chrono::duration<double>(last_ - begin_).count();
    figures_.answers = times_.summary();
    return figures_;
  }

private:
  struct poster {
    post_connection socket;
    steady::time_point since; ///< when the request was sent first
    size_t events = 0;        ///< in the request
  };

  void note(const result<void>& done) {
    if (!done) failure_ = done.error();
  }

  void post_next(poster& p) {
    const auto begin = steady::now();
    p.events = plan_.events ? std::min(plan_.batch, *plan_.events - sent_) : plan_.batch;
    if (p.events == 0 || (plan_.time && begin - begin_ >= *plan_.time)) return;
    auto& body = p.socket.new_body();
    events_.append_batch(body, p.events, plan_.clock ? plan_.clock(sent_) : now());
    sent_ += p.events;
    ++busy_;
    p.since = steady::now();
    note(p.socket.send());
  }

  void go_on(uint32_t index) {
    auto& p = posters_[index];
    const auto got = p.socket.go_on();
    if (!got) failure_ = got.error();
    if (!got || !*got) return;
    progress_ = steady::now();
    --busy_;
    if ((*got)->says_come_again()) {
      ++figures_.refused;
      waiting_.emplace_back(progress_ + limits::bench_retry, index);
      if (!(*got)->closes()) return;
      note(p.socket.reopen(gateway_));
      ready_.add(p.socket.fd(), index);
      return;
    }
    if (!(*got)->accepts(p.events)) {
      failure_ = failure{fault::invalid, "the gateway answered a batch with " + (*got)->text()};
      return;
    }
    last_ = progress_;
    times_.add(progress_ - p.since);
    figures_.acked += p.events;
    post_next(p);
  }

  void resend_refused() {
    while (!waiting_.empty() && waiting_.front().first <= steady::now()) {
      note(posters_[waiting_.front().second].socket.resend());
      waiting_.pop_front();
      ++busy_;
    }
  }

  const endpoint& gateway_;
  event_source& events_;
  const load_plan& plan_;
  socket_set ready_;
  std::vector<poster> posters_;
  std::deque<std::pair<steady::time_point, uint32_t>> waiting_; ///< refused, by when they are sent again
  std::optional<failure> failure_;
  size_t busy_ = 0, sent_ = 0;
  steady::time_point begin_, last_, progress_;
  load_figures figures_;
  stopwatch times_;
};

} // namespace

result<load_figures> run_load(const endpoint& gateway, event_source& events, const load_plan& plan,
                              const std::function<void(size_t)>& tick) {
  closed_loop loop{gateway, events, plan};
  return loop.connect().and_then([&] { return loop.run(tick); });
}

} // namespace agentmon::bench
