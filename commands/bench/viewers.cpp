#include "commands/bench/viewers.hpp"

#include "commands/bench/frames.hpp"
#include "commands/bench/sockets.hpp"
#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <charconv>
#include <sys/timerfd.h>
#include <unordered_map>

namespace agentmon::bench {
namespace {

constexpr size_t posting_connections = 16; // more than wait for their answer at a time
constexpr auto timer_tick = std::chrono::milliseconds{1};
constexpr size_t remembered_frames = 10'000;

/// The numbers of the events in a live frame. Viewers with the same wishes get the same frames: only the first one's is
/// searched.
class frame_index {
public:
  const std::vector<uint64_t>& numbers_in(std::string_view frame) {
    constexpr std::string_view head = "{\"seq\":";
    uint64_t sequence = 0;
    if (frame.starts_with(head)) std::from_chars(frame.data() + head.size(), frame.data() + frame.size(), sequence);
    if (known_.size() > remembered_frames) known_.clear();
    auto& entry = known_[sequence];
    if (entry.bytes != frame.size()) entry = {frame.size(), search(frame)};
    return entry.numbers;
  }

private:
  struct found {
    size_t bytes = 0;
    std::vector<uint64_t> numbers;
  };
  static std::vector<uint64_t> search(std::string_view frame) {
    constexpr std::string_view mark = "\"event\":{\"id\":\"";
    constexpr size_t id_characters = 36;
    std::vector<uint64_t> numbers;
    for (auto at = frame.find(mark); at != frame.npos; at = frame.find(mark, at + mark.size()))
      if (at + mark.size() + id_characters < frame.size())
        numbers.push_back(event_source::number_in(frame.substr(at + mark.size(), id_characters)));
    return numbers;
  }

  std::unordered_map<uint64_t, found> known_;
};

class open_loop {
public:
  open_loop(event_source& events, const viewer_plan& plan) : events_{events}, plan_{plan}, buffer_(256 * limits::KiB) {}

  result<void> connect(const endpoint& gateway, const endpoint& query) {
    for (size_t i = 0; i < plan_.viewers; ++i) {
      auto socket = connect_to(query);
      if (!socket) return tl::unexpected{socket.error()};
      viewers_.emplace_back(std::move(*socket));
      ready_.add(viewers_.back().fd(), static_cast<uint32_t>(i));
      if (auto asked = viewers_.back().ask(); !asked) return asked;
    }
    for (size_t i = 0; i < posting_connections; ++i) {
      auto opened = post_connection::open(gateway);
      if (!opened) return tl::unexpected{opened.error()};
      posters_.push_back({std::move(*opened), {}});
      ready_.add(posters_.back().socket.fd(), static_cast<uint32_t>(plan_.viewers + i));
      free_.push_back(i);
    }
    return {};
  }

  /// Until each viewer got its first frame, the greeting.
  result<void> await_greetings() {
    return turn_until([this] { return frames_ >= viewers_.size(); }, limits::bench_patience, true);
  }

  result<viewer_figures> run() {
    timer_ = service::descriptor{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
    const timespec tick{0, std::chrono::nanoseconds{timer_tick}.count()};
    const itimerspec every{tick, tick};
    ::timerfd_settime(timer_.get(), 0, &every, nullptr);
    ready_.add(timer_.get(), timer_index());
    frames_ = 0;
    begin_ = steady::now();
    if (auto sent = turn_until([this] { return due_count() == total() && sent_ == total() && acked_ == total(); },
                               limits::bench_patience, true);
        !sent)
      return tl::unexpected{sent.error()};
    // What is not there a second after the last frame was dropped on its way: the feed promises no more.
    if (auto seen =
            turn_until([this] { return times_.size() == total() * viewers_.size(); }, limits::bench_rest_look, false);
        !seen)
      return tl::unexpected{seen.error()};
    viewer_figures figures;
    figures.viewers = viewers_.size();
    figures.events_per_second = plan_.events_per_second;
    figures.acked = acked_;
    figures.frames = frames_;
    figures.missed = total() * viewers_.size() - times_.size();
    figures.seen = times_.summary();
    figures.answers = answers_.summary();
    return figures;
  }

private:
  struct poster {
    post_connection socket;
    steady::time_point due;
  };

  uint32_t timer_index() const { return static_cast<uint32_t>(plan_.viewers + posting_connections); }
  size_t total() const { return plan_.events_per_second * static_cast<size_t>(plan_.time.count()) / 1000; }
  steady::time_point due(size_t event) const {
    return begin_ + std::chrono::nanoseconds{1'000'000'000} * event / plan_.events_per_second;
  }
  size_t due_count() const {
    const auto passed = std::chrono::duration<double>(steady::now() - begin_).count();
    return std::min(total(), static_cast<size_t>(passed * static_cast<double>(plan_.events_per_second)) + 1);
  }

  template <class Done>
  result<void> turn_until(const Done& done, std::chrono::milliseconds patience, bool is_needed) {
    progress_ = steady::now();
    while (!done()) {
      ready_.wait(limits::bench_look, [this](uint32_t i) { go_on(i); });
      if (failure_) return tl::unexpected{*failure_};
      if (interrupt::requested()) return fail(fault::stopping, "interrupted");
      if (steady::now() - progress_ <= patience) continue;
      if (!is_needed) break;
      return fail(fault::timeout, "the live feed or the gateway stands still");
    }
    return {};
  }

  void go_on(uint32_t index) {
    if (index < viewers_.size()) return look(viewers_[index]);
    if (index != timer_index()) return finish(index - viewers_.size());
    uint64_t ticks = 0;
    static_cast<void>(!::read(timer_.get(), &ticks, sizeof ticks));
    post_due();
  }

  void look(viewer& v) {
    const auto at = steady::now();
    const auto done = v.read(buffer_, [&](std::string_view frame) {
      progress_ = at;
      ++frames_;
      for (const auto number : index_.numbers_in(frame))
        if (number >= first_ && number - first_ < sent_) times_.add(at - due(number - first_));
    });
    if (!done) failure_ = done.error();
  }

  void post_due() {
    for (const auto wanted = due_count(); sent_ < wanted && !free_.empty(); ++sent_) {
      auto& p = posters_[free_.back()];
      free_.pop_back();
      auto& body = p.socket.new_body();
      body += '[';
      const auto number = events_.append(body, now());
      body += ']';
      if (sent_ == 0) first_ = number;
      p.due = due(sent_);
      if (auto posted = p.socket.send(); !posted) failure_ = posted.error();
    }
  }

  void finish(size_t index) {
    auto& p = posters_[index];
    const auto got = p.socket.go_on();
    if (!got) failure_ = got.error();
    if (!got || !*got) return;
    if (!(*got)->accepts(1)) {
      failure_ = failure{fault::invalid, "the gateway answered an event with " + (*got)->text()};
      return;
    }
    progress_ = steady::now();
    answers_.add(progress_ - p.due);
    ++acked_;
    free_.push_back(index);
    post_due();
  }

  event_source& events_;
  const viewer_plan& plan_;
  socket_set ready_;
  std::vector<viewer> viewers_;
  std::vector<poster> posters_;
  std::vector<size_t> free_; ///< posters without a request
  service::descriptor timer_;
  std::vector<char> buffer_;
  frame_index index_;
  std::optional<failure> failure_;
  size_t sent_ = 0, acked_ = 0, frames_ = 0;
  uint64_t first_ = 0; ///< number of the first event
  steady::time_point begin_, progress_;
  stopwatch times_, answers_;
};

} // namespace

result<viewer_figures> run_viewers(const endpoint& gateway, const endpoint& query, event_source& events,
                                   const viewer_plan& plan) {
  open_loop loop{events, plan};
  return loop.connect(gateway, query).and_then([&] { return loop.await_greetings(); }).and_then([&] {
    return loop.run();
  });
}

} // namespace agentmon::bench
