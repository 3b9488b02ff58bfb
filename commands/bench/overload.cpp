#include "commands/bench/overload.hpp"

#include "commands/bench/sockets.hpp"
#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"

#include <optional>
#include <vector>

namespace agentmon::bench {
namespace {

constexpr auto turn = std::chrono::milliseconds{1}; // between two looks at the clock

class flood {
public:
  flood(const endpoint& gateway, event_source& events, const overload_plan& plan)
      : gateway_{gateway}, events_{events}, plan_{plan} {}

  result<void> connect() {
    posters_.reserve(plan_.connections);
    for (size_t i = 0; i < plan_.connections; ++i) {
      auto opened = post_connection::open(gateway_);
      if (!opened) return tl::unexpected{opened.error()};
      posters_.push_back({std::move(*opened), {}, false});
      ready_.add(posters_.back().socket.fd(), static_cast<uint32_t>(i));
      free_.push_back(static_cast<uint32_t>(i));
    }
    return {};
  }

  result<overload_figures> run(const std::function<void(size_t)>& tick) {
    begin_ = progress_ = steady::now();
    while (!is_over() || free_.size() < posters_.size()) {
      if (!is_over()) post_due();
      ready_.wait(turn, [this](uint32_t i) { go_on(i); });
      if (failure_) return tl::unexpected{*failure_};
      if (interrupt::requested()) return fail(fault::stopping, "interrupted");
      if (steady::now() - progress_ > limits::bench_patience)
        return fail(fault::timeout, "the gateway has not answered for a while");
      tick(figures_.acked);
    }
    return summary();
  }

private:
  struct poster {
    post_connection socket;
    steady::time_point since; ///< when the request was begun
    bool was_refused;         ///< its body is as good as new
  };

  bool is_over() const { return steady::now() - begin_ >= plan_.time; }

  void post_due() {
    const auto due = static_cast<size_t>(seconds_since(begin_) * plan_.per_second / static_cast<double>(plan_.batch));
    for (; posts_ < due && !free_.empty() && !failure_; ++posts_) {
      auto& p = posters_[free_.back()];
      free_.pop_back();
      if (!p.was_refused) events_.append_batch(p.socket.new_body(), plan_.batch, now());
      p.since = steady::now();
      if (auto sent = p.was_refused ? p.socket.resend() : p.socket.send(); !sent) failure_ = sent.error();
    }
  }

  void go_on(uint32_t index) {
    auto& p = posters_[index];
    const auto got = p.socket.go_on();
    if (!got) failure_ = got.error();
    if (!got || !*got) return;
    const auto& answer = **got;
    progress_ = steady::now();
    p.was_refused = answer.says_come_again();
    if (p.was_refused) {
      refusals_.add(progress_ - p.since);
      if (!answer.says_when()) ++figures_.without_time;
    } else if (answer.accepts(plan_.batch)) {
      accepted_.add(progress_ - p.since);
      figures_.acked += plan_.batch;
      last_ = progress_;
    } else {
      failure_ = failure{fault::invalid, "the gateway answered a batch with " + answer.text()};
      return;
    }
    if (answer.closes()) {
      if (auto opened = p.socket.reopen(gateway_); !opened) failure_ = opened.error();
      ready_.add(p.socket.fd(), index);
    }
    free_.push_back(index);
  }

  overload_figures summary() {
    figures_.batch = plan_.batch;
    figures_.connections = plan_.connections;
    figures_.refused = refusals_.size();
    const auto events = static_cast<double>(posts_ * plan_.batch);
    figures_.offered_per_second = events / std::chrono::duration<double>(plan_.time).count();
    const auto until_last = std::chrono::duration<double>(last_ - begin_).count();
    figures_.acked_per_second = figures_.acked == 0 ? 0 : static_cast<double>(figures_.acked) / until_last;
    figures_.accepted = accepted_.summary();
    figures_.refusals = refusals_.summary();
    return figures_;
  }

  const endpoint& gateway_;
  event_source& events_;
  const overload_plan& plan_;
  socket_set ready_;
  std::vector<poster> posters_;
  std::vector<uint32_t> free_; ///< posters without a request
  std::optional<failure> failure_;
  size_t posts_ = 0;
  steady::time_point begin_, last_, progress_;
  overload_figures figures_;
  stopwatch accepted_, refusals_;
};

} // namespace

result<overload_figures> run_overload(const endpoint& gateway, event_source& events, const overload_plan& plan,
                                      const std::function<void(size_t)>& tick) {
  flood all{gateway, events, plan};
  return all.connect().and_then([&] { return all.run(tick); });
}

} // namespace agentmon::bench
